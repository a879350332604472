/** Lets the browser save a file among its downloads. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to save it by then, and would keep it in memory otherwise.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

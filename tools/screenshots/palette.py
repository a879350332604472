"""Makes pictures small: at most 256 colours, which a page of plain surfaces and letters loses nothing by."""

import base64
import struct
import zlib
from typing import Final

from playwright.sync_api import Browser

COUNT: Final = """async (address) => {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const { width, height } = picture;
  const brush = new OffscreenCanvas(width, height).getContext("2d");
  brush.drawImage(picture, 0, 0);
  const pixels = new Uint32Array(brush.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const kept = [...counts].sort((one, other) => other[1] - one[1]).slice(0, 256).map(([pixel]) => pixel);
  const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  const palette = kept.map(parts);
  const nearest = new Map();
  const distance = (one, other) => one.reduce((sum, part, nth) => sum + (part - other[nth]) ** 2, 0);
  for (const pixel of counts.keys()) {
    const wanted = parts(pixel);
    let best = 0;
    for (let nth = 1; nth < palette.length; nth += 1) {
      if (distance(wanted, palette[nth]) < distance(wanted, palette[best])) best = nth;
    }
    nearest.set(pixel, best);
  }
  const rows = new Uint8Array((width + 1) * height);
  for (let nth = 0; nth < pixels.length; nth += 1) {
    rows[nth + Math.floor(nth / width) + 1] = nearest.get(pixels[nth]);
  }
  const text = Array.from(rows, (byte) => String.fromCharCode(byte)).join("");
  return { width, height, palette: palette.flat(), rows: btoa(text) };
}"""
"""Gives the commonest colours, and the picture's rows as numbers of colours, each after a zero: no filter."""


def with_palette(browser: Browser, picture: bytes) -> bytes:
    """Make of a PNG one with a palette."""
    page = browser.new_page()
    found = page.evaluate(COUNT, "data:image/png;base64," + base64.b64encode(picture).decode())
    page.close()
    head = struct.pack(">IIBBBBB", found["width"], found["height"], 8, 3, 0, 0, 0)
    rows = zlib.compress(base64.b64decode(found["rows"]), 9)
    chunks = [(b"IHDR", head), (b"PLTE", bytes(found["palette"])), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

import type { Texts } from '../index.svelte';

export const pair: Texts['pair'] = {
  title: 'Abbina un telefono o un computer',
  button: 'Abbina un telefono o un computer',
  firstReach: 'Prima di tutto, l’altro dispositivo deve poter raggiungere questa console. Scegli da dove; non succede nulla prima che tu abbia visto che cosa significa.',
  open: 'Rendila raggiungibile',
  scan: 'Con la fotocamera del telefono, inquadra questo codice. Telefono e computer devono essere nella stessa rete.',
  picture: 'Codice QR con l’indirizzo qui sotto',
  orType: 'Oppure scrivi lì questo indirizzo:',
  left: (time) => `Vale una volta sola, ancora per ${time}.`,
  tooOld: 'Questo codice è troppo vecchio.',
  newCode: 'Nuovo codice',
  other: 'Non si apre? Prova un altro indirizzo di questo computer:',
  trust: 'La prima volta, la pagina che si apre lì mostra come dare fiducia al certificato di questo computer. Confronta la sua impronta SHA-256 con questa; solo così ciò che segue resta fra i due dispositivi.',
  compare: 'Poi mostra un numero di sei cifre, e qui ti viene chiesto. Consenti se il numero è lo stesso.',
  done: (name) => `Abbinato: ${name}. Qui può fare ciò che puoi fare tu; quando non lo usi più, scollegalo in questa pagina.`,
  another: 'Abbinane un altro',
  close: 'Fatto',
};

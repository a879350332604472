import type { Texts } from '../index.svelte';

export const apps: Texts['apps'] = {
  title: 'Applicazioni',
  lead: 'Overlay, pulsanti e bot entrano con la password, oppure chiedono qui a te. Chi fai entrare per sempre poi entra da solo.',
  remembered: 'Possono entrare da sole',
  times: (since, used) => `Fatta entrare il ${since} · ultimo ingresso verso il ${used}`,
  forget: 'Dimentica',
  forgetName: (name) => `Dimentica ${name}`,
  forgetTitle: (name) => `Dimenticare «${name}»?`,
  forgetText: 'Viene messa fuori subito, e la prossima volta che vuole entrare deve chiedertelo.',
  forgotten: (name) => `«${name}» è stata dimenticata.`,
  none: 'Per ora nessuna applicazione entra da sola',
  noneHow:
    'Avvia un’applicazione che chiede di entrare: la domanda appare qui, qualunque pagina della console sia aperta. Scegli «Consenti e ricorda» e la troverai in questo elenco. Chi conosce la password non ha bisogno di permessi, e qui non compare.',
  recent: 'Poco fa',
  asking: 'chiede ora',
  verdicts: { allowed: 'entrata per questa volta', remembered: 'entra sempre', denied: 'rifiutata' },
  howTitle: 'Come un overlay chiede di entrare',
  howText: 'Per chi scrive overlay: apre una connessione, te lo chiede una volta e conserva ciò che la fa entrare la volta dopo.',
  copySnippet: 'Copia questo codice',
  sampleName: 'Il mio overlay',
  sampleAuthor: 'Io',
};

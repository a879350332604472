import type { Texts } from '../index.svelte';

export const welcome: Texts['welcome'] = {
  title: 'Benvenuto',
  lead: 'In pochi minuti avrai un overlay che funziona in OBS. Puoi uscire a ogni passo.',
  steps: ['Lingua e aspetto', 'Scegli un overlay', 'Mettilo in OBS', 'Provalo'],
  step: (number, all) => `Passo ${number} di ${all}`,
  skip: 'Salta il benvenuto',
  back: 'Indietro',
  next: 'Avanti',
  likeText: 'Puoi cambiare tutto quando vuoi, nelle preferenze in fondo al menu.',
  chooseText: 'Questi arrivano con stagedoor. L’anteprima è l’overlay stesso, ed è connessa.',
  names: { chat: 'Chat', alerts: 'Avvisi', countdown: 'Conto alla rovescia' },
  abouts: {
    chat: 'Quello che si dice nelle chat di tutte le piattaforme.',
    alerts: 'Chi ti segue, si abbona, regala, manda bit o fa un raid.',
    countdown: 'Quanto manca all’inizio.',
  },
  preview: (name) => `L’overlay «${name}»`,
  tryIt: { chat: 'Mostra un messaggio', alerts: 'Mostra un nuovo follower', countdown: 'Conta cinque minuti' },
  sampleName: 'Ada',
  sampleText: 'Ciao! Si sente?',
  copy: 'Copia l’indirizzo',
  address: 'Indirizzo dell’overlay',
  keyNames: { chat: 'Overlay della chat', alerts: 'Overlay degli avvisi', countdown: 'Overlay del conto alla rovescia' },
  keyWhy: 'Nell’indirizzo di questo overlay c’è una chiave tutta sua, con cui può guardare ma non cambiare niente: non mostrarla in diretta, e revocala quando vuoi in',
  noKey: (problem) => `Non è stato possibile creare una chiave per l’overlay: ${problem}. Rivedi le tue in`,
  obs: (width, height) => [
    'Copia questo indirizzo.',
    'In OBS premi + sotto Fonti e scegli Browser.',
    'Dai un nome alla fonte e conferma.',
    `Metti l’indirizzo nel campo URL, ${width} in Larghezza e ${height} in Altezza, e conferma.`,
  ],
  obsLater: 'Non hai OBS sottomano? Vai avanti: l’anteprima qui mostra la stessa cosa.',
  tryText: 'Mandagli qualcosa. Arriva come arriverebbe dalla piattaforma, quindi lo notano anche gli altri overlay, i bot e le azioni.',
  message: 'Messaggio',
  send: { chat: 'Manda il messaggio', alerts: 'Manda un nuovo follower', countdown: 'Avvia il conto alla rovescia' },
  checks: {
    none: 'Per ora nessun overlay è connesso.',
    connected: (overlays) =>
      overlays === 0
        ? 'Per ora è connessa solo l’anteprima in questa pagina.'
        : `${overlays === 1 ? 'Un overlay è connesso' : `${overlays} overlay sono connessi`}, senza contare l’anteprima in questa pagina.`,
    obs: 'Uno è OBS.',
    sent: 'Il messaggio è stato mandato.',
    unsent: 'Per ora non è stato mandato nulla.',
  },
  works: 'Funziona',
  worksText: 'L’overlay è connesso, e hai mandato qualcosa che lui mostra. E ora?',
  more: {
    apps: 'Fai entrare le applicazioni che chiedono',
    actions: 'Fai fare qualcosa a stagedoor quando arriva un evento',
    server: 'Cura password e indirizzi',
  },
  finish: 'Fatto',
  noOverlays: 'La porta Kilovolt è chiusa, ed è lì che si servono gli overlay. Aprila nella pagina',
  noEvents: 'La porta Streamer.bot è chiusa, ed è lì che gli overlay sentono gli eventi. Aprila nella pagina',
  again: 'Mostra di nuovo il benvenuto',
};

import type { Texts } from '../index.svelte';

export const about: Texts['about'] = {
  title: 'Informazioni',
  lead: 'La porta di una diretta: ogni overlay, bot, pulsante e script si collega a questo solo programma.',
  version: 'Versione',
  running: 'In esecuzione dal',
  data: 'Dati',
  inMemory: 'solo in memoria: spariscono quando stagedoor si ferma',
  licence: 'Licenza',
  licenceText: 'MIT: puoi usarlo, cambiarlo e passarlo ad altri. Il testo è nel file LICENSE.',
  docs: 'Documentazione',
  docsText: 'Nella cartella docs, accanto a README.md, di quello che hai scaricato; e per ogni comando con',
  keyboard: 'Con la tastiera',
  shortcuts: [
    [['Tab', 'Maiusc Tab'], 'Alla cosa successiva della pagina, o indietro'],
    [['Invio', 'Spazio'], 'Premi un pulsante, apri una riga di un elenco'],
    [['↑', '↓', 'Pag↑', 'Pag↓', 'Inizio', 'Fine'], 'Scorri un elenco lungo'],
    [['Esc'], 'Chiudi una finestra di dialogo'],
  ],
  report: 'Quando qualcosa non va',
  reportWhat:
    'Questo rapporto dice che cosa gira qui e come va. Non contiene password, token o altri segreti, né indirizzi fuori da questo computer. Contiene però la fine del registro: dagli un’occhiata prima di mostrarlo ad altri.',
  reportHow: [
    'Scrivi che cosa hai fatto, che cosa ti aspettavi e che cosa è successo invece.',
    'Copia il rapporto e incollalo sotto.',
    'Mandalo dove hai preso stagedoor, come segnalazione.',
  ],
  weakness: 'Una falla che lascia entrare altri non va resa pubblica: SECURITY.md dice come segnalarla in privato.',
  copy: 'Copia il rapporto',
  renew: 'Scrivilo di nuovo',
  reportText: 'Il rapporto',
  writing: 'Scrittura del rapporto…',
};

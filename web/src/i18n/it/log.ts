import type { Texts } from '../index.svelte';

export const log: Texts['log'] = {
  title: 'Registro',
  lead: 'Quello che stagedoor dice di sé, man mano che accade. Quando qualcosa non funziona, spesso il motivo è qui.',
  fresh: (count) => (count === 1 ? 'nuovo avviso o errore' : 'nuovi avvisi ed errori'),
  levels: 'Livelli da mostrare',
  level: { debug: 'Debug', info: 'Info', warning: 'Avviso', error: 'Errore' },
  search: 'Filtra per testo',
  copyAll: 'Copia tutte le righe mostrate',
  lines: 'Righe del registro, la più recente in fondo',
  noneFits: 'Nessuna riga corrisponde al filtro.',
  showAll: 'Mostra tutte le righe',
  none: 'Il registro è ancora vuoto. Avvia stagedoor con --log-level debug per vedere di più.',
  shown: (shown, all) => (shown === all ? `${shown} ${shown === 1 ? 'riga' : 'righe'}` : `${shown} di ${all} righe`),
  held: (count) => (count === 1 ? '1 nuova riga più sotto' : `${count} nuove righe più sotto`),
  toEnd: 'Vai alla fine',
  details: 'Una riga del registro',
  when: 'Quando',
  levelTitle: 'Livello',
  part: 'Parte',
  message: 'Messaggio',
  copyLine: 'Copia come JSON',
};

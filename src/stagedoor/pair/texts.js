/** What the page says, in English and Italian; the browser's language chooses. */

const en = {
  trust: {
    title: 'First, trust this stagedoor',
    why: 'What goes between this device and stagedoor is encrypted, so that nobody else in the network reads it or plays a part in it. For that, this device has to know stagedoor’s certificate.',
    get: 'Get the certificate',
    fingerprint: 'Its SHA-256 fingerprint',
    compare: 'Compare it with the one on your computer’s screen before you trust it. Best, compare the one that this device’s own settings show: this page has come in plain text, and somebody in the network could have changed it, the certificate, too.',
    how: 'How to trust it',
    done: 'I have done that: go on',
    trying: 'Trying…',
    notYet: 'This browser does not trust it yet. Look whether all steps are done. Some browsers have to be closed and opened again.',
    open: 'Or open the encrypted page',
    openHint: 'If a warning appears there, do not go past it: then the certificate is not trusted, or it is somebody else’s.',
    none: 'This stagedoor has a certificate of its owner’s, and this device does not trust it. Ask whoever set it up.',
    later: 'It can be removed again at any time, in the same place. It is good for addresses of home networks alone, not for web sites.',
  },
  systems: {
    iphone: [
      'iPhone, iPad',
      [
        'Tap “Get the certificate”, and allow the download of the profile. It has to be Safari.',
        'Settings → Profile Downloaded (or General → VPN & Device Management) → stagedoor → More Details: compare the fingerprint there, then Install.',
        'Settings → General → About → Certificate Trust Settings: switch stagedoor on. Without this last step it does not count.',
      ],
    ],
    android: [
      'Android',
      [
        'Tap “Get the certificate” and keep the file.',
        'Settings: search for “CA certificate” (Security → More security → Encryption & credentials → Install a certificate → CA certificate), Install anyway, and choose the file.',
        'Compare the fingerprint in Trusted credentials → User → stagedoor.',
        'In Firefox, also: Settings → About Firefox, tap the logo seven times, go back → Secret Settings → Use third party CA certificates.',
      ],
    ],
    windows: [
      'Windows',
      [
        'Get the certificate and open the file. Compare the fingerprint: Details → Thumbprint is SHA-1; for SHA-256 run “certutil -hashfile stagedoor-authority.crt SHA256”.',
        'Install Certificate → Current User → Place all certificates in the following store → Trusted Root Certification Authorities.',
        'Close the browser and open it again. Firefox takes it over, too, if Settings → Privacy & Security → Certificates says so.',
      ],
    ],
    mac: [
      'macOS',
      [
        'Get the certificate and open the file: Keychain Access takes it into the login keychain.',
        'Double-click stagedoor there, compare the fingerprint at the end of the details, then Trust → When using this certificate: Always Trust.',
        'Firefox: as in Linux, below.',
      ],
    ],
    linux: [
      'Linux, and Firefox anywhere',
      [
        'Firefox: Settings → Privacy & Security → View Certificates → Authorities → Import. Choose the file, compare the fingerprint with View, tick “trust this CA to identify websites”.',
        'Chrome, Chromium: Settings → Privacy and security → Security → Manage certificates → Custom (or Authorities) → Import.',
        'Fingerprint of the file: openssl x509 -inform der -noout -fingerprint -sha256 -in stagedoor-authority.crt',
      ],
    ],
  },
  number: {
    title: 'Do both show this number?',
    text: 'On your computer, stagedoor asks whether this device may come in. Allow it there only if it shows the very same number.',
    waiting: 'Waiting for your answer…',
    lost: 'stagedoor does not answer at the moment. Trying again…',
    cancel: 'Cancel',
  },
  asking: 'One moment…',
  in: 'You are in. The console opens…',
  noStore: 'You are in, but this browser keeps nothing: close its private window, and scan a new code in an ordinary one.',
  again: 'Try again',
  ends: {
    noCode: ['No code', 'Scan the code again, or type the whole address that your computer shows, with what stands behind the #.'],
    unknown: ['This code is not known', 'stagedoor was started anew since, or the address was not typed rightly. Have a new code made on your computer: Pair a phone or computer.'],
    used: ['This code was used already', 'Each is good once. Have a new one made on your computer. If no device of yours has used it, somebody else has: deny what your computer asks you now.'],
    expired: ['This code is too old', 'It is good for ten minutes. Have a new one made on your computer; what is done here stays done.'],
    busy: ['Too many questions at a time', 'Answer those that are open on your computer, or wait a minute. The code is still good.'],
    slow: ['Too many wrong codes', 'From this device came too many wrong codes. Wait a minute.'],
    gone: ['Nobody waits here any more', 'stagedoor was started anew, or the answer has been waiting for too long. Have a new code made on your computer.'],
    denied: ['Your computer said no', 'This device was not let in.'],
    unanswered: ['No answer', 'Nobody answered on your computer within two minutes. Have a new code made there.'],
    cancelled: ['Cancelled', 'This device has taken its question back.'],
    failed: ['That did not work', 'stagedoor does not answer. Is this device in the same network still?'],
  },
};

const it = {
  trust: {
    title: 'Prima di tutto, dai fiducia a questo stagedoor',
    why: 'Ciò che passa fra questo dispositivo e stagedoor è cifrato, così nessun altro nella rete può leggerlo o intromettersi. Per questo il dispositivo deve conoscere il certificato di stagedoor.',
    get: 'Scarica il certificato',
    fingerprint: 'La sua impronta SHA-256',
    compare: 'Confrontala con quella sullo schermo del computer prima di dargli fiducia. Meglio ancora, confronta quella mostrata dalle impostazioni di questo dispositivo: questa pagina è arrivata in chiaro e qualcuno nella rete potrebbe averla cambiata, certificato compreso.',
    how: 'Come dargli fiducia',
    done: 'Fatto: continua',
    trying: 'Provo…',
    notYet: 'Questo browser non si fida ancora. Controlla di aver fatto tutti i passi. Alcuni browser vanno chiusi e riaperti.',
    open: 'Oppure apri la pagina cifrata',
    openHint: 'Se lì compare un avviso, non andare oltre: il certificato non ha ancora fiducia, oppure è di qualcun altro.',
    none: 'Questo stagedoor usa un certificato scelto dal proprietario, e questo dispositivo non se ne fida. Chiedi a chi lo ha impostato.',
    later: 'Si può togliere in qualsiasi momento, nello stesso posto. Vale solo per indirizzi di reti domestiche, non per i siti web.',
  },
  systems: {
    iphone: [
      'iPhone, iPad',
      [
        'Tocca «Scarica il certificato» e consenti il download del profilo. Serve Safari.',
        'Impostazioni → Profilo scaricato (o Generali → VPN e gestione dispositivi) → stagedoor → Altri dettagli: confronta lì l’impronta, poi Installa.',
        'Impostazioni → Generali → Info → Attendibilità certificati: attiva stagedoor. Senza quest’ultimo passo non vale.',
      ],
    ],
    android: [
      'Android',
      [
        'Tocca «Scarica il certificato» e conserva il file.',
        'Impostazioni: cerca «certificato CA» (Sicurezza → Altre impostazioni → Crittografia e credenziali → Installa un certificato → Certificato CA), Installa comunque, e scegli il file.',
        'Confronta l’impronta in Credenziali attendibili → Utente → stagedoor.',
        'In Firefox anche: Impostazioni → Informazioni su Firefox, tocca sette volte il logo, torna indietro → Impostazioni segrete → Usa certificati CA di terze parti.',
      ],
    ],
    windows: [
      'Windows',
      [
        'Scarica il certificato e apri il file. Per l’impronta: Dettagli → Identificazione personale è SHA-1; per SHA-256 esegui “certutil -hashfile stagedoor-authority.crt SHA256”.',
        'Installa certificato → Utente corrente → Colloca tutti i certificati nel seguente archivio → Autorità di certificazione radice attendibili.',
        'Chiudi e riapri il browser. Anche Firefox lo accetta, se così è impostato in Impostazioni → Privacy e sicurezza → Certificati.',
      ],
    ],
    mac: [
      'macOS',
      [
        'Scarica il certificato e apri il file: Accesso Portachiavi lo mette nel portachiavi login.',
        'Fai doppio clic su stagedoor, confronta l’impronta in fondo ai dettagli, poi Attendibilità → Quando si utilizza questo certificato: Fidati sempre.',
        'Firefox: come per Linux, qui sotto.',
      ],
    ],
    linux: [
      'Linux, e Firefox ovunque',
      [
        'Firefox: Impostazioni → Privacy e sicurezza → Mostra certificati → Autorità → Importa. Scegli il file, confronta l’impronta con Visualizza, spunta «Dai fiducia a questa CA per l’identificazione di siti web».',
        'Chrome, Chromium: Impostazioni → Privacy e sicurezza → Sicurezza → Gestisci certificati → Personalizzati (o Autorità) → Importa.',
        'Impronta del file: openssl x509 -inform der -noout -fingerprint -sha256 -in stagedoor-authority.crt',
      ],
    ],
  },
  number: {
    title: 'Il numero è lo stesso?',
    text: 'Sul computer, stagedoor chiede se questo dispositivo può entrare. Consentilo solo se lì c’è esattamente lo stesso numero.',
    waiting: 'In attesa della tua risposta…',
    lost: 'Al momento stagedoor non risponde. Riprovo…',
    cancel: 'Annulla',
  },
  asking: 'Un momento…',
  in: 'Sei dentro. La console si apre…',
  noStore: 'Sei dentro, ma questo browser non conserva nulla: chiudi la finestra privata e inquadra un nuovo codice in una normale.',
  again: 'Riprova',
  ends: {
    noCode: ['Nessun codice', 'Inquadra di nuovo il codice, oppure scrivi l’intero indirizzo mostrato dal computer, con ciò che sta dopo il #.'],
    unknown: ['Codice sconosciuto', 'Nel frattempo stagedoor è stato riavviato, oppure l’indirizzo è scritto male. Crea un nuovo codice sul computer: Abbina un telefono o un computer.'],
    used: ['Codice già usato', 'Ogni codice vale una volta sola. Creane uno nuovo sul computer. Se non l’ha usato un tuo dispositivo, l’ha fatto qualcun altro: rifiuta ciò che ora ti chiede il computer.'],
    expired: ['Codice troppo vecchio', 'Vale dieci minuti. Creane uno nuovo sul computer; ciò che hai fatto qui resta fatto.'],
    busy: ['Troppe richieste insieme', 'Rispondi a quelle aperte sul computer, o aspetta un minuto. Il codice vale ancora.'],
    slow: ['Troppi codici sbagliati', 'Da questo dispositivo sono arrivati troppi codici sbagliati. Aspetta un minuto.'],
    gone: ['Qui nessuno aspetta più', 'stagedoor è stato riavviato, oppure la risposta è rimasta in attesa troppo a lungo. Crea un nuovo codice sul computer.'],
    denied: ['Il computer ha detto di no', 'Questo dispositivo non è stato fatto entrare.'],
    unanswered: ['Nessuna risposta', 'Sul computer nessuno ha risposto entro due minuti. Crea lì un nuovo codice.'],
    cancelled: ['Annullato', 'Questo dispositivo ha ritirato la sua richiesta.'],
    failed: ['Non ha funzionato', 'stagedoor non risponde. Il dispositivo è ancora nella stessa rete?'],
  },
};

export const isItalian = (navigator.languages ?? [navigator.language]).find((one) => /^(it|en)\b/i.test(one))?.toLowerCase().startsWith('it') ?? false;
export const texts = isItalian ? it : en;

/** Puts into effect what the owner has chosen about a door. */

import { hub, session } from '../../session.svelte';
import { changeConfig } from '../../config.svelte';
import { STREAMERBOT_CONFIG, writeAddress, type Door, type StreamerbotConfig } from './doors';
import { SET_TLS, TLS_CONFIG, type Plan, type TlsConfig } from './reach';

export const NO_TLS_CONFIG: TlsConfig = { mode: 'auto', certificate: null, key: null, plain_beyond_loopback: false };

export async function readTlsConfig(): Promise<TlsConfig> {
  return { ...NO_TLS_CONFIG, ...(await hub().getJson<Partial<TlsConfig>>(TLS_CONFIG)) };
}

/** Lets a door listen as planned; what has to change for that changes first. */
export async function applyPlan(door: Door, plan: Plan): Promise<void> {
  if (plan.changes.includes('tls')) await hub().call(SET_TLS, { ...(await readTlsConfig()), mode: 'auto' });
  if (plan.changes.includes('enforce')) {
    await changeConfig<StreamerbotConfig>(STREAMERBOT_CONFIG, () => ({ authentication: 'enforced' }));
  }
  const { addresses } = await hub().call<{ addresses: string[] }>('stagedoor/@move-door', {
    door: door.option,
    address: writeAddress(plan.address),
  });
  if (door.option === 'console') await follow(addresses);
}

/** Goes where the console is now. Another address is another site to the browser, where nobody is signed in yet. */
async function follow(addresses: string[]): Promise<void> {
  const here = location.hostname.replace(/^\[|\]$/g, '');
  const names = here === 'localhost' ? ['127.0.0.1', '::1', '0.0.0.0', '::'] : [here, here.includes(':') ? '::' : '0.0.0.0'];
  // An IP address may be asked for by a name, too; then the port alone tells.
  const isName = here !== 'localhost' && !/^[\d.]+$|:/.test(here);
  const [port] = addresses.map((text) => /:(\d+)$/.exec(text)?.[1]);
  const isHere = addresses.some((text) => names.some((name) => text === `${name}:${location.port}` || text === `[${name}]:${location.port}`));
  if (isHere || (isName && port === location.port)) return;
  const link = new URL((await hub().call<{ url: string }>('stagedoor/@console-link')).url);
  // Who came over the network goes on over it; and what is reached everywhere needs no other name.
  if (addresses.some((text) => text.startsWith('0.0.0.0:') || text.startsWith('[::]:'))) {
    link.hostname = location.hostname;
    link.protocol = location.protocol;
  }
  if (link.origin === location.origin) return;
  // Whoever listens at the old address next must not find the pass there.
  session.signOut().catch(() => undefined);
  location.assign(link);
}

import { dashboard } from './dashboard';
import { actions } from './actions';
import { variables } from './variables';
import { form } from './form';
import { frame } from './frame';
import { apps } from './apps';
import { keys } from './keys';
import { question } from './question';
import { server } from './server';
import { log } from './log';
import { backups } from './backups';
import { about } from './about';
import { welcome } from './welcome';
import { scopes } from './scopes';
import { grant } from './grant';
import { audit } from './audit';
import { pair } from './pair';

export const en = { variables, actions, dashboard, form, frame, apps, keys, question, server, log, backups, about, welcome, scopes, grant, audit, pair };

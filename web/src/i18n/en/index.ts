import { dashboard } from './dashboard';
import { actions } from './actions';
import { variables } from './variables';
import { form } from './form';
import { frame } from './frame';
import { apps } from './apps';
import { keys } from './keys';
import { question } from './question';
import { server } from './server';
import { welcome } from './welcome';

export const en = { variables, actions, dashboard, form, frame, apps, keys, question, server, welcome };

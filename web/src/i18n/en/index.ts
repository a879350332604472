import { form } from './form';
import { frame } from './frame';
import { apps } from './apps';
import { question } from './question';

export const en = { form, frame, apps, question };

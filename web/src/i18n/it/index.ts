import type { Texts } from '../index.svelte';
import { form } from './form';
import { frame } from './frame';
import { apps } from './apps';
import { question } from './question';

export const it: Texts = { form, frame, apps, question };

import type { Texts } from '../index.svelte';
import { frame } from './frame';

export const it: Texts = { frame };

import { mount } from 'svelte';
import App from './App.svelte';
import { router } from './router.svelte';
import { session } from './session.svelte';
import './styles.css';

void session.start();
router.start();
const target = document.getElementById('app');
if (target) mount(App, { target });

// Starts the totem: the page for visitors, who see what the camera before them sees.

import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/parts.css';
import './styles/totem.css';

import { render } from 'preact';
import { applyToDocument } from './prefs';
import { startIfGoing } from './totem/device';
import { Totem } from './totem/page';

const root = document.getElementById('app');
if (!root) throw new Error('the page should have an element "app"');
applyToDocument();
render(<Totem />, root);
startIfGoing();

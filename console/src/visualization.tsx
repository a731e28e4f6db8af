// Starts the page on which staff watch what totems see, and what is said on the wire.

import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/pages.css';
import './styles/parts.css';
import './styles/visualization.css';

import { render } from 'preact';
import { applyToDocument } from './prefs';
import { Visualization } from './visualization/page';
import { watch } from './visualization/watch';

const root = document.getElementById('app');
if (!root) throw new Error('the page should have an element "app"');
applyToDocument();
watch();
render(<Visualization />, root);

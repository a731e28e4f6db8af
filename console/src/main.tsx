// Starts the console: preferences, the feed of facts, the video's good manners, the page.

import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/wall.css';
import './styles/pages.css';
import './styles/camera.css';
import './styles/sketch.css';
import './styles/add-camera.css';
import './styles/parts.css';
import './styles/chart.css';
import './styles/shifts.css';
import './styles/report.css';
import './styles/events.css';
import './styles/places.css';
import './styles/system.css';
import './styles/checker.css';

import { render } from 'preact';
import { App } from './app';
import { followBranches } from './data/branches';
import { followEvents } from './data/events';
import { startFeed } from './data/feed';
import { applyToDocument } from './prefs';
import { followPage } from './video/players';

const root = document.getElementById('app');
if (!root) throw new Error('the page should have an element "app"');
applyToDocument();
followPage();
void startFeed();
followBranches();
followEvents();
render(<App />, root);

// The words of this page in the language that was chosen.

import { wordsOf } from '../../i18n';
import { en, es } from './texts';

export const eventWords = wordsOf({ en, es });

// The words of this page, in the reader's language.

import { wordsOf } from '../../i18n';
import { en } from './en';
import { es } from './es';

export const own = wordsOf({ en, es });

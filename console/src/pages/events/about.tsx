// All of one event, as it was told.

import { useState } from 'preact/hooks';
import { Dialog } from '../../components/dialog';
import type { GatewayEvent } from '../../gateway';
import { placeOf, whenOf } from './line';
import { say } from './say';
import { eventWords } from './words';

interface EventDialogProps {
  event: GatewayEvent;
  sectorName: (id: number) => string;
  onClose: () => void;
}

export function EventDialog({ event, sectorName, onClose }: EventDialogProps) {
  const w = eventWords.value;
  const [isCopied, setCopied] = useState(false);
  const json = JSON.stringify(event, undefined, 2);
  const copy = () => void navigator.clipboard.writeText(json).then(() => setCopied(true));
  return (
    <Dialog title={say(event, w)} onClose={onClose}>
      <p>{whenOf(event)}</p>
      <p class="quiet">{placeOf(event, sectorName)}</p>
      <pre class="json">
        <code>{json}</code>
      </pre>
      {/* Where the page came by plain HTTP the browser lets nobody copy; then the text is marked by hand. */}
      {'clipboard' in navigator && (
        <div class="buttons">
          <button type="button" class="button" onClick={copy}>
            {isCopied ? w.copied : w.copy}
          </button>
        </div>
      )}
    </Dialog>
  );
}

// Text that a person is meant to paste elsewhere.

import { useState } from 'preact/hooks';
import { words } from '../i18n';

export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div class="command">
      <pre>
        <code>{text}</code>
      </pre>
      {/* Browsers give a page the clipboard only over TLS or on this machine. */}
      {window.isSecureContext && (
        <button type="button" class="button" onClick={() => void copy()}>
          {copied ? words.value.copied : words.value.copy}
        </button>
      )}
    </div>
  );
}

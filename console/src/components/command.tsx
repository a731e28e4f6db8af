// Text that a person is meant to paste elsewhere.

import { useRef, useState } from 'preact/hooks';
import { words } from '../i18n';

export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const code = useRef<HTMLElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Not allowed to: then it is at least marked, ready for the keyboard.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      return;
    }
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div class="command">
      <pre>
        <code ref={code}>{text}</code>
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

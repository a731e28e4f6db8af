// Taking a token back. It asks first, since there is no way back; an undo that only put it off would leave a stolen token
// good for as long, and for good if the page were closed meanwhile.

import { useState } from 'preact/hooks';
import { revokeToken, type Token } from '../../api/system';
import { Dialog } from '../../components/dialog';
import { TextField } from '../../components/form';
import { attempt, tell } from '../../components/toast';
import { words } from '../../i18n';
import { ownerOf } from './tokens';
import { own } from './words';

interface RevokeProps {
  onClose: () => void;
  onRevoked: () => void;
}

async function revoke(id: string, who: string, onRevoked: () => void): Promise<void> {
  if (!(await attempt(() => revokeToken(id)))) return;
  tell(own.value.revoked(who));
  onRevoked();
}

export function RevokeDialog({ token, onClose, onRevoked }: RevokeProps & { token: Token }) {
  const who = ownerOf(token);
  return (
    <Dialog title={own.value.revokeTitle} onClose={onClose}>
      <div class="asks">
        <p>{own.value.revokeHelp(who)}</p>
        <p class="quiet">{own.value.noReason}</p>
        <Buttons onClose={onClose} onRevoke={() => void revoke(token.id, who, onRevoked)} />
      </div>
    </Dialog>
  );
}

const ID = /^[A-Za-z0-9._:-]{1,128}$/;

export function RevokeByIdDialog({ onClose, onRevoked }: RevokeProps) {
  const [id, setId] = useState('');
  const [tried, setTried] = useState(false);
  const wrong = tried && !ID.test(id) ? own.value.revokeIdWrong : undefined;
  const submit = () => {
    setTried(true);
    if (ID.test(id)) void revoke(id, id, onRevoked);
  };
  return (
    <Dialog title={own.value.revokeTitle} onClose={onClose}>
      <form
        class="asks"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextField
          label={own.value.revokeId}
          hint={own.value.revokeIdHint}
          error={wrong}
          value={id}
          onValue={(next) => setId(next.trim())}
        />
        <p>{own.value.revokeHelp(id || '…')}</p>
        <p class="quiet">{own.value.noReason}</p>
        <Buttons onClose={onClose} onRevoke={submit} />
      </form>
    </Dialog>
  );
}

function Buttons({ onClose, onRevoke }: { onClose: () => void; onRevoke: () => void }) {
  return (
    <div class="buttons">
      <button type="button" class="button first" onClick={onRevoke}>
        {own.value.revoke}
      </button>
      <button type="button" class="button" onClick={onClose}>
        {words.value.cancel}
      </button>
    </div>
  );
}

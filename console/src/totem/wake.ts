// Keeps the screen on while somebody stands before it.

/** Until the answer is called. Browsers let go of the lock when the page is hidden; it is taken again when it is seen. */
export function stayAwake(): () => void {
  let lock: WakeLockSentinel | undefined;
  let isOver = false;
  const take = async () => {
    if (isOver || document.visibilityState !== 'visible') return;
    // A battery that is nearly empty may refuse it: then the screen goes dark, and nothing else happens.
    const next = await navigator.wakeLock?.request('screen').catch(() => undefined);
    if (isOver) void next?.release();
    else lock = next;
  };
  document.addEventListener('visibilitychange', take);
  void take();
  return () => {
    isOver = true;
    document.removeEventListener('visibilitychange', take);
    void lock?.release();
  };
}

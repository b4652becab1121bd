/** The token bucket behind a stage's throttling settings. */

export interface ThrottleSettings {
  /** Requests per second in the long run. */
  readonly ratePerS: number;
  /** Requests that may come at once. */
  readonly burst: number;
}

/** What an account has per Region unless it asks for more. */
export const accountThrottle: ThrottleSettings = { ratePerS: 10_000, burst: 5_000 };

/** Returns a function that takes one token, and says whether there was one. */
export function createThrottle(settings: ThrottleSettings, nowMs: () => number = performance.now.bind(performance)) {
  let tokens = settings.burst;
  let refilledAtMs = nowMs();
  return (): boolean => {
    const at = nowMs();
    tokens = Math.min(settings.burst, tokens + ((at - refilledAtMs) / 1000) * settings.ratePerS);
    refilledAtMs = at;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

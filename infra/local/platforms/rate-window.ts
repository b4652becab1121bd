/** Fixed windows, as Rack::Attack counts: all windows of one length end at the same instants. Not kept over restarts. */
export interface RateWindow {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetAtMs: number;
}

export interface RateWindows {
  count(key: string, limit: number, windowMs: number, nowMs: number): RateWindow;
  clear(): void;
}

export function createRateWindows(): RateWindows {
  const counts = new Map<string, { period: number; used: number }>();
  return {
    count: (key, limit, windowMs, nowMs) => {
      const period = Math.floor(nowMs / windowMs);
      const known = counts.get(key);
      const used = (known?.period === period ? known.used : 0) + 1;
      counts.set(key, { period, used });
      return {
        allowed: used <= limit,
        limit,
        remaining: Math.max(0, limit - used),
        resetAtMs: (period + 1) * windowMs,
      };
    },
    clear: () => counts.clear(),
  };
}

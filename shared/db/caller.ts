/** Who asks the database, as `app.run` is told. */
export type Caller =
  /** `stepUp`: only while the session has proven itself lately. */
  | {
      readonly kind: 'actor';
      readonly userId: string;
      readonly sessionId: string;
      readonly stepUp?: boolean;
      readonly ip?: string;
    }
  | { readonly kind: 'key'; readonly keyHash: string; readonly scope: string; readonly ip?: string }
  /** An Idempotency-Key is theirs who ask from this address (IPv6: /64) with this program. */
  | { readonly kind: 'public'; readonly ip: string | null; readonly userAgent?: string | null; readonly route: string }
  | { readonly kind: 'worker'; readonly name: string };

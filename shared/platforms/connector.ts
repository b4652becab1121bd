/**
 * The contract of every platform. A connector is a plain object; `shared/platforms/registry.ts` lists them all.
 * The engine (shared/publications) owns order, leases, attempts and retries; a connector only speaks to its platform.
 *
 * Publishing is prepare → commit → confirm. `prepare` may be repeated and cost nothing but time (upload, container);
 * `commit` is the one call that makes the post public and is made at most once per attempt, under a hard deadline;
 * `confirm` fetches the evidence (id and URL). When the outcome of `commit` is not known, only `reconcile` decides.
 */
import type { PlatformHttp } from './http.ts';

/** All that an account may be on; there is a connector for those that are supported. */
export const platformNames = [
  'community',
  'bluesky',
  'mastodon',
  'threads',
  'instagram',
  'facebook',
  'twitter',
  'linkedin',
  'tiktok',
  'youtube',
] as const;
export type PlatformName = (typeof platformNames)[number];
export type SupportedPlatform = 'community' | 'bluesky' | 'mastodon' | 'threads';

/** Who must act, and how. See `shared/platforms/<platform>/errors.ts` for each platform's table. */
export type FailureClass =
  | 'retry-later'
  | 'rate-limited'
  | 'reauthorize'
  | 'invalid-content'
  | 'duplicate-content'
  | 'account-restricted'
  | 'unknown';

export interface Failure {
  readonly kind: 'failed';
  readonly class: FailureClass;
  /** The platform's own code, such as `190`, `ExpiredToken` or `http_422`. */
  readonly code: string;
  /** The platform's own words, redacted and at most 500 characters. */
  readonly message: string;
  /** Seconds until the platform may be asked again, where it said so. */
  readonly retryAfterS?: number;
  /** Prepared material is worthless: drop it before the next try (expired or broken container). */
  readonly dropPrepared?: true;
}

export interface MediaItem {
  readonly id: string;
  readonly kind: 'image' | 'video';
  readonly mimeType: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly durationS: number | null;
  readonly altText: string | null;
  /** `h264`, `hevc`, …; absent or null where it is not known. */
  readonly videoCodec?: string | null;
  /** Opens the bytes as a stream. `length` is exact. */
  open(): Promise<{ body: ReadableStream<Uint8Array>; length: number }>;
  /** A URL which the platform can fetch for at least six hours. */
  url(): Promise<string>;
}

/** What is to be published; the same for every retry of one publication. */
export interface Draft {
  readonly publicationId: string;
  readonly text: string;
  readonly media: readonly MediaItem[];
  /** Options of the platform, such as `visibility`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Chosen once per publication, kept over all attempts: Mastodon's Idempotency-Key, Bluesky's rkey derive from it. */
  readonly idempotencyKey: string;
  /** ISO instant of the due second; fixed over retries. */
  readonly dueAt: string;
}

/** An account with opened tokens. Never logged. */
export interface Credentials {
  readonly accountId: string;
  readonly platformAccountId: string;
  readonly handle: string;
  /** Origin that serves this account: instance, PDS or API host. */
  readonly baseUrl: string;
  readonly accessToken: string;
  readonly refreshToken: string | null;
}

export interface Session {
  readonly http: PlatformHttp;
  readonly credentials: Credentials;
  /** Aborts at the attempt's deadline. */
  readonly signal: AbortSignal;
  /** Origin of the AppView that counts likes and replies (Bluesky); `https://public.api.bsky.app` when absent. */
  readonly appViewUrl?: string;
  /** Origin of the service that transcodes videos (Bluesky); absent: `https://video.bsky.app` for Bluesky's own hosts, none else. */
  readonly videoServiceUrl?: string;
  /** Posts that other publications of this account own already: reconcile passes them over when it looks by text. */
  readonly knownPostIds?: readonly string[];
  /** Our own feed, for the community connector. */
  readonly community?: CommunityPort;
}

/** What the community connector asks of our own database. */
export interface CommunityPort {
  /** Writes the post in one statement; a second call for the same publication returns the first one's evidence. */
  publish(draft: Draft): Promise<Evidence>;
  /** Evidence of the publication's post, or null when there is none. */
  find(publicationId: string): Promise<Evidence | null>;
  remove(platformPostId: string): Promise<void>;
  metrics(platformPostId: string): Promise<Metrics | null>;
}

/** JSON that a connector keeps between prepare and commit (container id, blob references). */
export type Prepared = Readonly<Record<string, unknown>>;

export type PrepareResult =
  | { readonly kind: 'ready'; readonly prepared: Prepared; readonly expiresInS: number | null }
  /** The platform still works on it: ask again after `waitS`, with `prepared` handed back. */
  | {
      readonly kind: 'waiting';
      readonly prepared: Prepared;
      readonly waitS: number;
      readonly expiresInS: number | null;
    }
  | Failure;

export interface Evidence {
  readonly platformPostId: string;
  /** Null until found, where the connector declares late evidence. */
  readonly url: string | null;
  /** ISO instant by the platform's own record, where it has one. */
  readonly publishedAt: string | null;
}

export type CommitResult =
  | { readonly kind: 'published'; readonly evidence: Evidence }
  /** Public or about to be: `confirm` finds the evidence. */
  | { readonly kind: 'accepted'; readonly platformPostId: string }
  /** The platform answered that it did NOT take the post. */
  | Failure
  /** No answer, or one that proves nothing. Only reconcile decides. */
  | { readonly kind: 'unknown'; readonly message: string };

export type ReconcileResult =
  | { readonly kind: 'found'; readonly evidence: Evidence }
  /** `dropPrepared`: what was prepared has gone with it, the next attempt must prepare anew. */
  | { readonly kind: 'absent'; readonly dropPrepared?: true }
  | { readonly kind: 'cannot-tell'; readonly message: string };

export interface Metrics {
  readonly likes: number | null;
  readonly comments: number | null;
  readonly shares: number | null;
  readonly views: number | null;
  readonly impressions: number | null;
  readonly reach: number | null;
  readonly saves: number | null;
  readonly clicks: number | null;
}

export interface TextLimit {
  readonly max: number;
  readonly maxBytes: number | null;
  readonly unit: 'characters' | 'graphemes' | 'threads_chars';
  /** Length that every URL counts as, where the platform shortens links. */
  readonly urlWeight: number | null;
  /** Of `@user@host` only `@user` counts. */
  readonly mentionsWithoutHost?: true;
}

export interface MediaLimit {
  readonly mimeTypes: readonly string[];
  readonly maxBytes: number;
  readonly maxDurationS?: number;
  readonly minWidth?: number;
  readonly maxWidth?: number;
  readonly maxPixels?: number;
  readonly minAspect?: number;
  readonly maxAspect?: number;
  /** `h264`, `hevc`, … where the platform names them. */
  readonly videoCodecs?: readonly string[];
}

/** Served by the API and used by validation: data only. */
export interface Capabilities {
  readonly displayName: string;
  readonly text: TextLimit;
  readonly media: {
    readonly maxItems: number;
    readonly maxImages: number;
    readonly maxVideos: number;
    readonly mixImagesAndVideo: boolean;
    readonly required: boolean;
    readonly image: MediaLimit | null;
    readonly video: MediaLimit | null;
    readonly altTextMax: number | null;
  };
  readonly maxLinks: number | null;
  readonly maxHashtags: number | null;
  /** How the account is connected. */
  readonly connect: 'oauth' | 'app-password' | 'none';
  /** The origin belongs to the account (instance, PDS), not to the platform. */
  readonly perAccountOrigin: boolean;
  /** Published posts per rolling 24 hours and account. */
  readonly postsPerDay: number | null;
  readonly metrics: readonly (keyof Metrics)[];
  readonly publishing: {
    /** Video and images are prepared up to this many seconds before the due instant; 0 = nothing to prepare. */
    readonly prepareAheadS: number;
    /** Hard deadline of the commit call. */
    readonly commitTimeoutS: number;
    readonly evidence: 'immediate' | 'late' | 'none';
    /** `none`: the platform cannot be asked; the publication stays `unknown` until its user settles it. */
    readonly reconcile: 'look' | 'none';
    /** Absent counts only after so many looks … */
    readonly absentAfterLooks: number;
    /** … and so many seconds since the commit began. */
    readonly absentAfterS: number;
    /** Prepared material is good for that long. */
    readonly preparedTtlS: number | null;
  };
}

export interface Violation {
  /** JSON pointer inside the publication: `/text`, `/media/0`, `/media`. */
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  readonly limit?: number;
  readonly actual?: number;
}

/** A platform app's own credentials, as entered by the operator. */
export interface AppCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface AuthorizeRequest {
  readonly baseUrl: string;
  readonly app: AppCredentials;
  readonly redirectUri: string;
  readonly state: string;
  /** S256 challenge, for platforms with PKCE. */
  readonly codeChallenge: string;
}

export interface CodeExchange {
  readonly http: PlatformHttp;
  readonly baseUrl: string;
  readonly app: AppCredentials;
  readonly redirectUri: string;
  readonly code: string;
  readonly codeVerifier: string;
}

export interface Grant {
  readonly kind: 'granted';
  readonly platformAccountId: string;
  readonly handle: string;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
  readonly baseUrl: string;
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** Seconds; null = does not expire. */
  readonly expiresInS: number | null;
  readonly scopes: readonly string[];
}

export type Refreshed =
  | {
      readonly kind: 'refreshed';
      readonly accessToken: string;
      readonly refreshToken: string | null;
      readonly expiresInS: number | null;
    }
  /** The platform does not renew it yet; the token stays good. */
  | { readonly kind: 'not-yet'; readonly message: string }
  | Failure;

export interface Connector {
  readonly name: PlatformName;
  readonly capabilities: Capabilities;
  /** Registers an app where each instance hands out its own (Mastodon); absent where the operator enters it. */
  registerApp?(request: {
    http: PlatformHttp;
    baseUrl: string;
    redirectUri: string;
  }): Promise<AppCredentials | Failure>;
  authorizeUrl?(request: AuthorizeRequest): string;
  exchangeCode?(exchange: CodeExchange): Promise<Grant | Failure>;
  /** App-password sign-in (Bluesky). */
  signIn?(request: {
    http: PlatformHttp;
    baseUrl: string;
    identifier: string;
    password: string;
  }): Promise<Grant | Failure>;
  /** Seconds before a token's end at which it is refreshed. Default 300. */
  readonly refreshAheadS?: number;
  /** Absent where tokens do not expire. */
  refresh?(session: Session): Promise<Refreshed>;
  revoke?(session: Session, app: AppCredentials | null): Promise<void>;
  /** Rules beyond the capabilities, in the platform's own words. Pure. */
  validate?(
    draft: Pick<Draft, 'text' | 'options'> & {
      media: readonly Pick<MediaItem, 'kind' | 'mimeType' | 'bytes' | 'width' | 'height' | 'durationS'>[];
    },
  ): readonly Violation[];
  prepare(session: Session, draft: Draft, prepared: Prepared | null): Promise<PrepareResult>;
  commit(session: Session, draft: Draft, prepared: Prepared): Promise<CommitResult>;
  confirm(
    session: Session,
    draft: Draft,
    platformPostId: string,
  ): Promise<{ kind: 'published'; evidence: Evidence } | { kind: 'waiting'; waitS: number } | Failure>;
  reconcile(session: Session, draft: Draft, prepared: Prepared | null, since: string): Promise<ReconcileResult>;
  remove?(session: Session, platformPostId: string): Promise<{ kind: 'removed' } | Failure>;
  metrics(session: Session, platformPostId: string): Promise<{ kind: 'metrics'; metrics: Metrics } | Failure>;
}

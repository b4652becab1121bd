/** What a user agent tells of its device: enough for a person to recognise it, and no version that changes every month. */
import Bowser from 'bowser';

export interface Device {
  /** Browser or program. */
  readonly name: string | null;
  readonly system: string | null;
  readonly kind: string | null;
}

const LONGEST = 60;

export function deviceOf(userAgent: string | null): Device {
  if (userAgent === null || userAgent.trim() === '') return { name: null, system: null, kind: null };
  const { browser, os, platform } = Bowser.parse(userAgent.slice(0, 500));
  // A program (`curl/8.1`, `okhttp/4`) names itself first.
  const program = /^[A-Za-z][\w .-]*(?=\/|$)/.exec(userAgent)?.[0];
  return { name: short(browser.name || program), system: short(os.name), kind: short(platform.type) };
}

function short(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text.slice(0, LONGEST);
}

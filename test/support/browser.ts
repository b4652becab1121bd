/** A browser as far as sign-ins need one: goes where it is sent, and keeps each host's cookies. */
export interface Browser {
  /** Follows redirects up to the address that begins like this, which is not fetched any more; else to the last answer. */
  go(url: string, until: string): Promise<{ readonly url: string; readonly status: number; readonly text: string }>;
  /** Cookies of an origin, as they were set. */
  cookies(origin: string): readonly string[];
  /** All attributes of the cookies that were set. */
  readonly seen: string[];
}

export function openBrowser(): Browser {
  const jars = new Map<string, Map<string, string>>();
  const seen: string[] = [];
  const jarOf = (origin: string) => {
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };
  const cookies = (origin: string) => [...jarOf(origin)].map(([name, value]) => `${name}=${value}`);

  function keep(origin: string, header: string): void {
    seen.push(header);
    const [pair = ''] = header.split(';');
    const [name = '', ...value] = pair.split('=');
    if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(header)) jarOf(origin).delete(name);
    else jarOf(origin).set(name, value.join('='));
  }

  return {
    seen,
    cookies,
    go: async (first, until) => {
      let url = first;
      for (let hops = 0; hops < 20; hops += 1) {
        const { origin } = new URL(url);
        const response = await fetch(url, { redirect: 'manual', headers: { cookie: cookies(origin).join('; ') } });
        for (const header of response.headers.getSetCookie()) keep(origin, header);
        const location = response.headers.get('location');
        const text = await response.text();
        if (location === null) return { url, status: response.status, text };
        url = new URL(location, url).href;
        if (url.startsWith(until)) return { url, status: response.status, text };
      }
      throw new Error('sent around in circles');
    },
  };
}

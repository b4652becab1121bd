/** How a report puts instants and numbers. */

const date = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZone: 'UTC',
});
const number = new Intl.NumberFormat('en-GB');

export function sayInstant(iso: string): string {
  return `${date.format(new Date(iso))} UTC`;
}

/** Null: the platform does not tell. */
export function sayCount(count: number | null): string {
  return count === null ? '–' : number.format(count);
}

/** Platforms round their records to seconds, so a post may seem to be early by less than one. */
export function sayLateness(dueAt: string | null, publishedAt: string | null): string {
  if (dueAt === null || publishedAt === null) return '–';
  const lateS = (Date.parse(publishedAt) - Date.parse(dueAt)) / 1000;
  if (lateS < 0.05) return 'on time';
  if (lateS < 60) return `${lateS.toFixed(1)} s`;
  return lateS < 3600 ? `${Math.round(lateS / 60)} min` : `${(lateS / 3600).toFixed(1)} h`;
}

export function plural(count: number, one: string): string {
  return `${number.format(count)} ${one}${count === 1 ? '' : 's'}`;
}

/** JSON pointers (RFC 6901) into a request: `/body/text`, `/query/limit`. */

export function pointerOf(root: string, steps: readonly (string | number)[]): string {
  return [root, ...steps.map((step) => pointerStep(String(step)))].join('/');
}

export function pointerStep(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1').toWellFormed();
}

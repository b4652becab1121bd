import type { Cell, Row, Rows } from './row.ts';

export const publications: Rows = {
  getPublication: { is: 'projectRead' },
  retryPublication: inState('failed'),
  resolvePublication: inState('unknown'),
};

function inState(state: string): Row {
  return {
    is: 'projectWrite',
    ask: async ({ sample, snapshot, seed }: Cell) => {
      const text = 'update post_publications set state = $2 where id = $1';
      await snapshot.force('post_publications', text, [seed.publicationId, state]);
      return sample;
    },
  };
}

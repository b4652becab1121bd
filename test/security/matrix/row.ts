/** What an area's file says of a door. */
import type { Sample } from '../../support/samples.ts';
import type { Caller, Ground } from './callers.ts';
import type { ClassName, Outcome } from './classes.ts';

export interface Cell extends Ground {
  readonly caller: Caller;
  readonly expected: Outcome;
  /** The request of test/support/samples. */
  readonly sample: Sample;
}

export interface Row {
  readonly is: ClassName;
  /** Where somebody gets another answer than the class says; why, in a comment. */
  readonly but?: Partial<Readonly<Record<Caller, Outcome>>>;
  /** A GET that changes rows: a link that works once. */
  readonly writes?: true;
  /**
   * The request, where the sample does not succeed as it is: makes what it needs, or brings the rows into the state in which
   * the door says yes. All of it is undone after the cell.
   */
  readonly ask?: (cell: Cell) => Sample | Promise<Sample>;
}

export type Rows = Readonly<Record<string, Row>>;

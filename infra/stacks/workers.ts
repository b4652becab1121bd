import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DoorFunction, FunctionSettings } from '../constructs/door-function.ts';
import { QueueFunction } from '../constructs/queue-function.ts';
import { ScheduledFunction } from '../constructs/scheduled-function.ts';
import type { Door } from '../doors.ts';

export interface WorkersStackProps extends StackProps {
  readonly doors: readonly Door[];
  readonly functions: FunctionSettings;
  readonly missedTicksArn: string;
}

/** What runs without being asked over HTTP: queue workers and schedules. */
export class WorkersStack extends Stack {
  /** By operation. */
  readonly functions: ReadonlyMap<string, DoorFunction>;

  constructor(scope: Construct, id: string, { doors, functions, missedTicksArn, ...props }: WorkersStackProps) {
    super(scope, id, props);
    const made = new Map<string, DoorFunction>();
    for (const door of doors) {
      const { contract } = door;
      if (contract.kind === 'worker')
        made.set(door.operation, new QueueFunction(this, { ...functions, door, contract }));
      if (contract.kind === 'schedule') {
        const deadLetterArn = missedTicksArn;
        made.set(door.operation, new ScheduledFunction(this, { ...functions, door, contract, deadLetterArn }));
      }
    }
    this.functions = made;
  }
}

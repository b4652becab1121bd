import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import type { ScheduleContract } from '../../functions/_kit/contract.ts';
import { DoorFunction, type DoorFunctionProps } from './door-function.ts';

export interface ScheduledFunctionProps extends DoorFunctionProps {
  readonly contract: ScheduleContract;
  /** Takes the ticks that the scheduler could not deliver. */
  readonly deadLetterArn: string;
}

/** A door that EventBridge Scheduler starts at a rate, under a role that may start this function alone. */
export class ScheduledFunction extends DoorFunction {
  constructor(scope: Construct, props: ScheduledFunctionProps) {
    super(scope, props);
    const { contract, deadLetterArn } = props;
    // The limits of both services: a minute at least, and Lambda keeps an event six hours at most.
    const worthMinutes = Math.min(Math.max(1, contract.everyMinutes), 360);
    const functionArn = this.function.functionArn;
    const role = new Role(this, 'SchedulerRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      inlinePolicies: {
        Start: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functionArn] }),
            new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetterArn] }),
          ],
        }),
      },
    });
    new CfnSchedule(this, 'Schedule', {
      scheduleExpression: `rate(${contract.everyMinutes} ${contract.everyMinutes === 1 ? 'minute' : 'minutes'})`,
      flexibleTimeWindow: { mode: 'OFF' },
      state: props.settings.schedulesEnabled ? 'ENABLED' : 'DISABLED',
      description: contract.summary,
      target: {
        arn: functionArn,
        roleArn: role.roleArn,
        deadLetterConfig: { arn: deadLetterArn },
        // A tick that comes late is worth nothing: the next one does its work.
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: worthMinutes * 60 },
      },
    });
    new EventInvokeConfig(this, 'Invoke', {
      function: this.function,
      retryAttempts: 0,
      maxEventAge: Duration.minutes(worthMinutes),
    });
  }
}

import { Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/** Headings of the runbook in infra/README.md. */
export const runbooks = [
  'A dead-letter queue is not empty',
  'A worker or schedule fails',
  'The dispatcher stands still',
  'Publications are late',
  'The API answers with server errors',
  'The database is at its limit',
  'A backup failed',
  'A table is full of dead rows',
] as const;
export type Runbook = (typeof runbooks)[number];

export interface ImpactAlarmProps {
  /** One sentence: what people lose while this lasts. */
  readonly impact: string;
  readonly runbook: Runbook;
  readonly metric: IMetric;
  /** Raised when the metric is above this; with `below`, when it is under it. */
  readonly threshold: number;
  readonly below?: true;
  readonly periods?: number;
  /** Silence is bad, too. */
  readonly silenceBreaches?: true;
  readonly topic: ITopic;
}

/** An alarm that says what is at stake and where to read what to do. */
export class ImpactAlarm extends Construct {
  constructor(scope: Construct, id: string, props: ImpactAlarmProps) {
    super(scope, id);
    const alarm = new Alarm(this, 'Alarm', {
      alarmName: `${Stack.of(this).stackName}-${id}`,
      alarmDescription: `${props.impact} Runbook: infra/README.md, "${props.runbook}".`,
      metric: props.metric,
      threshold: props.threshold,
      evaluationPeriods: props.periods ?? 1,
      comparisonOperator:
        props.below === true ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: props.silenceBreaches === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(props.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }
}

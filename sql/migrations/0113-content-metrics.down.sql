drop view content_metrics;

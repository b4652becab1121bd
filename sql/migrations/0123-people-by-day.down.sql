drop function app.check_consistency();
drop table derivation_marks;

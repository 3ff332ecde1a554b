//! What the store promises, on every engine.
//!
//! Each case runs on SQLite and, where `CHANCERY_TEST_POSTGRES` names a server, on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cases;

use std::future::Future;

use store::testing::{self, TestStore};

/// One test per case and engine.
macro_rules! contract {
    ($($room:ident: $($case:ident),+;)+) => {
        mod sqlite {
            $(mod $room {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::on_sqlite(crate::cases::$room::$case).await;
                })+
            })+
        }
        mod postgres {
            $(mod $room {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::on_postgres(crate::cases::$room::$case).await;
                })+
            })+
        }
    };
}

contract! {
    transactions:
        only_committed_rows_are_seen,
        a_transaction_sees_its_own_changes,
        a_snapshot_stays_as_it_was,
        a_failed_statement_ends_its_transaction,
        a_refused_value_does_not_end_its_transaction,
        a_failing_neighbour_takes_nothing_with_it,
        a_dropped_caller_leaves_nothing_behind,
        counters_lose_no_update,
        two_that_read_the_same_cannot_both_act_on_it,
        readers_and_writers_do_not_starve_each_other,
        many_writers_all_commit,
        a_commit_is_seen_by_the_next_snapshot;
    values:
        come_back_as_they_went_in,
        nul_in_text_is_refused,
        text_is_ordered_by_its_bytes,
        sums_and_counts_are_integers,
        placeholders_must_match_their_values,
        constraints_are_told_apart,
        a_column_of_another_type_is_told;
    pool:
        readers_beyond_the_bound_wait_for_their_turn,
        a_waiting_reader_that_leaves_takes_no_place,
        a_closed_store_refuses;
    changes:
        notices_follow_the_commit,
        a_notice_that_is_too_long_is_refused,
        sequences_give_each_number_once;
    migrations:
        are_applied_once,
        may_run_from_two_sides_at_once,
        of_a_newer_program_are_refused,
        that_fail_leave_nothing;
    bodies:
        come_back_whole,
        belong_to_their_owner,
        of_a_forgotten_owner_are_unreadable,
        changed_on_disk_are_refused,
        move_to_another_pack,
        are_there_after_opening_again;
    keys:
        another_master_key_is_refused,
        two_makers_of_a_data_key_agree;
}

async fn on_sqlite<F: Future<Output = ()>>(case: impl FnOnce(TestStore) -> F) {
    case(testing::on_sqlite(&[cases::TABLES]).await).await;
}

async fn on_postgres<F: Future<Output = ()>>(case: impl FnOnce(TestStore) -> F) {
    match testing::server() {
        Some(server) => case(testing::on_postgres(&server, &[cases::TABLES]).await).await,
        None => eprintln!("skipped: CHANCERY_TEST_POSTGRES names no server"),
    }
}

//! Keeps what has to run for as long as the kit does.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing::error;

/// A task that panicked begins again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Runs a task until it ends by itself. One that panics is logged and begun anew, and so is one that `stuck` tells of.
pub fn supervise<F>(
    name: &'static str,
    stop: watch::Receiver<bool>,
    stuck: Arc<Notify>,
    begin: impl Fn() -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(keep(name, stop, stuck, AGAIN_AFTER, begin))
}

async fn keep<F>(
    name: &'static str,
    mut stop: watch::Receiver<bool>,
    stuck: Arc<Notify>,
    pause: Duration,
    begin: impl Fn() -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    while run(name, &stop, &stuck, begin()).await {
        ::metrics::counter!("kit_task_restarts_total", "task" => name).increment(1);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Runs a task once; says whether it has to begin again.
async fn run(
    name: &'static str,
    stop: &watch::Receiver<bool>,
    stuck: &Notify,
    task: impl Future<Output = ()> + Send + 'static,
) -> bool {
    let mut task = Aborted(tokio::spawn(task));
    tokio::select! {
        ended = &mut task.0 => {
            let is_broken = ended.is_err();
            if is_broken {
                error!(task = name, "a task panicked; it begins again");
            }
            is_broken && !*stop.borrow()
        }
        () = stuck.notified() => {
            error!(task = name, "a task gives no sign of life; it begins again");
            !*stop.borrow()
        }
    }
}

/// A task that ends when nobody waits for it any more.
struct Aborted(JoinHandle<()>);

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Runs a task whose first turns do this, until one ends; how often it began.
    async fn begun(turn: impl Fn(usize, &Notify) + Send + Sync + 'static) -> usize {
        let (_stop, stopped) = watch::channel(false);
        let (stuck, turn, count) = (Arc::new(Notify::new()), Arc::new(turn), Arc::new(AtomicUsize::new(0)));
        let (told, counted) = (Arc::clone(&stuck), Arc::clone(&count));
        let task = keep("test", stopped, stuck, Duration::ZERO, move || {
            let (told, turn, count) = (Arc::clone(&told), Arc::clone(&turn), Arc::clone(&counted));
            async move {
                let begun = count.fetch_add(1, Ordering::SeqCst) + 1;
                turn(begun, &told);
                if begun < 3 {
                    std::future::pending::<()>().await;
                }
            }
        });
        task.await;
        count.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_task_that_panics_begins_again() {
        assert_eq!(begun(|turn, _| assert!(turn == 3, "this turn panics")).await, 3);
    }

    #[tokio::test]
    async fn a_task_that_gives_no_sign_of_life_begins_again() {
        assert_eq!(begun(|turn, stuck| (turn..3).take(1).for_each(|_| stuck.notify_one())).await, 3);
    }

    #[tokio::test]
    async fn a_task_that_panics_after_the_stop_is_over() {
        let (stop, stopped) = watch::channel(false);
        let task = supervise("test", stopped.clone(), Arc::default(), move || {
            let mut stopped = stopped.clone();
            async move {
                stopped.changed().await.expect("somebody stops it");
                panic!("on its way out");
            }
        });
        stop.send_replace(true);
        task.await.expect("whoever supervises does not panic");
    }
}

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::rows::{self, millis, timestamp};
use super::tally::Tally;
use crate::{Claim, Claimed, ClaimedDelivery, Lease};

/// Leases what is due. A lease of somebody else that ended without an outcome counts as due.
pub(super) fn claim(connection: &Connection, claim: &Claim) -> rusqlite::Result<Claimed> {
    let mut claiming = Claiming {
        connection,
        claim,
        bytes: 0,
        shared: claim.rooms.shared,
        claimed: Claimed::default(),
        next_due: None,
    };
    let mut registrations = with_work(connection)?;
    if let Some(turn) = millis(claim.now).checked_rem_euclid(i64::try_from(registrations.len()).unwrap_or(1)) {
        registrations.rotate_left(usize::try_from(turn).unwrap_or(0));
    }
    let mut wanting = Vec::new();
    for (position, registration) in registrations.iter().enumerate() {
        // Whoever comes first leaves something for the others.
        let share = claiming.left().div_ceil(registrations.len() - position);
        let (taken, is_more_due) = claiming.of_registration(*registration, share, 0)?;
        if is_more_due {
            wanting.push((*registration, taken));
        }
    }
    // What they left is for those who want more.
    for (registration, taken) in wanting {
        let left = claiming.left();
        claiming.claimed.is_limited |=
            claiming.room(registration, taken).min(left) == 0 || claiming.of_registration(registration, left, taken)?.1;
    }
    let Claiming { mut claimed, next_due, .. } = claiming;
    claimed.next_due = next_due.map(timestamp);
    Ok(claimed)
}

struct Claiming<'a> {
    connection: &'a Connection,
    claim: &'a Claim,
    bytes: usize,
    /// What is left of the shared room.
    shared: usize,
    claimed: Claimed,
    next_due: Option<i64>,
}

/// A delivery that may be claimed.
struct Candidate {
    event: i64,
    due: i64,
    attempts: u32,
    base: u32,
    begun: Option<i64>,
    is_in_doubt: bool,
}

impl Candidate {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            event: row.get(0)?,
            due: row.get(1)?,
            attempts: row.get(2)?,
            base: row.get(3)?,
            begun: row.get(4)?,
            is_in_doubt: row.get(5)?,
        })
    }
}

impl Claiming<'_> {
    /// How many more may come.
    fn left(&self) -> usize {
        self.claim.deliveries_max.saturating_sub(self.claimed.deliveries.len())
    }

    /// How many more of a registration may come after those that it has.
    fn room(&self, registration: i64, taken: usize) -> usize {
        let room = self.claim.rooms.of(registration);
        let left = room.own.saturating_sub(taken).saturating_add(self.shared);
        left.min(room.most.saturating_sub(taken))
    }

    /// Claims at most so many more of a registration that has taken some already; how many came, and whether more is
    /// due.
    fn of_registration(&mut self, registration: i64, most: usize, taken: usize) -> rusqlite::Result<(usize, bool)> {
        let now = millis(self.claim.now);
        let is_waited_for = self.claim.rooms.most(registration) > 0;
        let mut room = self.room(registration, taken).min(most);
        let mut is_limited = false;
        let before = self.claimed.deliveries.len();
        for candidate in self.candidates(registration, room)? {
            if candidate.due > now {
                if is_waited_for {
                    self.next_due = Some(self.next_due.map_or(candidate.due, |next| next.min(candidate.due)));
                }
            } else if room > 0 && self.take(registration, &candidate)? {
                room -= 1;
            } else {
                // Those behind one that is too large wait with it.
                room = 0;
                is_limited = true;
            }
        }
        let came = self.claimed.deliveries.len() - before;
        let own = self.claim.rooms.of(registration).own.saturating_sub(taken);
        self.shared = self.shared.saturating_sub(came.saturating_sub(own));
        Ok((came, is_limited))
    }

    /// The first of those that are due or will be, and the first of those whose lease is somebody else's; one more than
    /// there is room for.
    fn candidates(&self, registration: i64, room: usize) -> rusqlite::Result<Vec<Candidate>> {
        let limit = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
        let mut candidates: Vec<Candidate> = self
            .connection
            .prepare_cached(
                "SELECT event, due, attempts, base, begun, doubt FROM delivery INDEXED BY delivery_open
                 WHERE registration = ?1 AND state = 1 AND state IN (1, 2) ORDER BY due, event LIMIT ?2",
            )?
            .query_map([registration, limit], Candidate::of)?
            .collect::<rusqlite::Result<_>>()?;
        let ended = self
            .connection
            .prepare_cached(
                "SELECT event, due, attempts, base, begun, 1 FROM delivery INDEXED BY delivery_open
                 WHERE registration = ?1 AND state = 2 AND state IN (1, 2) AND owner IS NOT ?2
                 ORDER BY due, event LIMIT ?3",
            )?
            .query_map([registration, self.claim.owner, limit], Candidate::of)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        candidates.extend(ended);
        // However much is due, a lease that ended long ago has its turn.
        candidates.sort_by_key(|candidate| (candidate.due, candidate.event));
        Ok(candidates)
    }

    /// Leases a delivery, unless its value is too large to come along with the others.
    fn take(&mut self, registration: i64, candidate: &Candidate) -> rusqlite::Result<bool> {
        let event = self
            .connection
            .prepare_cached(rows::EVENT_BY_NUMBER)?
            .query_row([candidate.event], rows::event)
            .optional()?;
        let bytes = self.bytes.saturating_add(event.as_ref().map_or(0, |event| event.body.len()));
        if bytes > self.claim.bytes_max && !self.claimed.deliveries.is_empty() {
            return Ok(false);
        }
        let lease_ms = i64::try_from(self.claim.lease.as_millis()).unwrap_or(i64::MAX);
        let ends = millis(self.claim.now).saturating_add(lease_ms);
        self.connection
            .prepare_cached(
                "UPDATE delivery SET state = 2, due = ?3, owner = ?4, attempts = attempts + 1, doubt = ?5
                 WHERE event = ?1 AND registration = ?2",
            )?
            .execute(params![candidate.event, registration, ends, self.claim.owner, candidate.is_in_doubt])?;
        self.bytes = bytes;
        let Some(event) = event else { return Ok(true) };
        let attempt = candidate.attempts.saturating_add(1);
        self.claimed.deliveries.push(ClaimedDelivery {
            registration,
            attempt,
            attempt_of_schedule: attempt.saturating_sub(candidate.base),
            begun: candidate.begun.map_or(event.at, timestamp),
            due: timestamp(candidate.due),
            is_in_doubt: candidate.is_in_doubt,
            event,
        });
        Ok(true)
    }
}

/// The registrations that have something due or running: a look at the index for each of them, however much it is.
pub(super) fn with_work(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut next = connection.prepare_cached(
        "SELECT registration FROM delivery INDEXED BY delivery_open
         WHERE state IN (1, 2) AND registration > ?1 ORDER BY registration LIMIT 1",
    )?;
    let mut registrations = Vec::new();
    let mut last = i64::MIN;
    while let Some(registration) = next.query_row([last], |row| row.get(0)).optional()? {
        registrations.push(registration);
        last = registration;
    }
    Ok(registrations)
}

/// Lets leases end later; returns those that are not held any more.
pub(super) fn renew(
    connection: &Connection,
    owner: i64,
    leases: Vec<Lease>,
    until: i64,
) -> rusqlite::Result<Vec<Lease>> {
    let mut lost = Vec::new();
    for lease in leases {
        let renewed = connection
            .prepare_cached(
                "UPDATE delivery SET due = ?5
                 WHERE event = ?1 AND registration = ?2 AND state = 2 AND attempts = ?3 AND owner = ?4",
            )?
            .execute(params![lease.event, lease.registration, lease.attempt, owner, until])?;
        if renewed == 0 {
            lost.push(lease);
        }
    }
    Ok(lost)
}

/// Ends the leases of an owner but for these, when they had ended by the first of the times; due at the second.
pub(super) fn release(
    connection: &Connection,
    owner: i64,
    but: &[Lease],
    (ended, now): (i64, i64),
    tally: &mut Tally,
) -> rusqlite::Result<usize> {
    let mut released = 0;
    for registration in with_work(connection)? {
        let held: Vec<Lease> = connection
            .prepare_cached(
                "SELECT event, attempts FROM delivery INDEXED BY delivery_open
                 WHERE registration = ?1 AND state = 2 AND state IN (1, 2) AND owner = ?2 AND due <= ?3",
            )?
            .query_map([registration, owner, ended], |row| {
                Ok(Lease { event: row.get(0)?, registration, attempt: row.get(1)? })
            })?
            .collect::<rusqlite::Result<_>>()?;
        for lease in held.iter().filter(|lease| !but.contains(lease)) {
            released += connection
                .prepare_cached(
                    "UPDATE delivery SET state = 1, due = ?3, doubt = 1 WHERE event = ?1 AND registration = ?2",
                )?
                .execute([lease.event, lease.registration, now])?;
        }
    }
    tally.is_due |= released > 0;
    Ok(released)
}

/// Ends all leases: when a store for one process opens, nobody runs them any more. Whether their attempts had their
/// effect is not known.
pub(super) fn release_all(connection: &Connection) -> rusqlite::Result<()> {
    for registration in with_work(connection)? {
        connection
            .prepare_cached(
                "UPDATE delivery SET state = 1, doubt = 1, due = (SELECT at FROM event WHERE event.id = delivery.event)
                 WHERE registration = ?1 AND state = 2 AND state IN (1, 2)",
            )?
            .execute([registration])?;
    }
    Ok(())
}

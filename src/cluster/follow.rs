//! What one watch has told, and whether it can be relied on: events and moments in, decisions out. No socket, no clock.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::status::Known;

/// Changes within this time are made known together.
const TOGETHER: Duration = Duration::from_millis(100);

/// The first pause after a failure; the next are twice as long each.
const PAUSE: Duration = Duration::from_millis(250);

/// The moments by which a watch is judged.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a kind is relied on while its watch fails.
    pub trust: Duration,
    /// A watch that has not failed for this long is in order: one that does not get through fails more often.
    pub quiet: Duration,
    /// How long a watch is asked for, before it is asked for anew.
    pub watch: Duration,
}

impl Default for Pace {
    /// A minute of trust, 20 seconds of quiet, watches of 45 seconds.
    fn default() -> Self {
        Self {
            trust: Duration::from_secs(60),
            quiet: Duration::from_secs(20),
            watch: Duration::from_secs(45),
        }
    }
}

impl Pace {
    /// The longest pause after a failure: with the time that a connection may take, less than `quiet`.
    fn longest_pause(self) -> Duration {
        self.quiet * 2 / 5
    }
}

/// What a watch tells, in terms of what each object says to us; `None` for one that says nothing.
#[derive(Clone, Debug)]
pub(super) enum Event<P> {
    /// All objects will be listed from here on.
    Begin,
    /// One of the list.
    Listed(Box<str>, Option<P>),
    /// The list is complete.
    Complete,
    /// An object is there, new or changed.
    Applied(Box<str>, Option<P>),
    /// An object is gone.
    Deleted(Box<str>),
}

/// Why a watch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// We may not.
    Forbidden,
    /// Anything else.
    Unreachable,
}

/// What has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Whether the kind is relied on.
    pub(super) known: Known,
    /// Whether what it says has changed, or is to be read again.
    pub(super) publish: bool,
}

/// What one watch has told.
#[derive(Debug)]
pub(super) struct Follow<P> {
    pace: Pace,
    parts: HashMap<Box<str>, P>,
    /// The list under way.
    listing: Option<HashMap<Box<str>, P>>,
    is_complete: bool,
    /// When the first of the failures was that nothing good followed, when the last, and why.
    failing: Option<(Instant, Instant, Cause)>,
    pause: Duration,
    /// Since when there is something new to make known.
    changed: Option<Instant>,
    /// When what is known says something else by itself.
    ages: Option<Instant>,
    last: Known,
}

impl<P: PartialEq> Follow<P> {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            parts: HashMap::new(),
            listing: None,
            is_complete: false,
            failing: None,
            pause: PAUSE,
            changed: None,
            ages: None,
            last: Known::NotYet,
        }
    }

    /// What the objects say.
    pub(super) fn parts(&self) -> &HashMap<Box<str>, P> {
        &self.parts
    }

    /// Takes an event in.
    pub(super) fn event(&mut self, event: Event<P>, now: Instant) {
        match event {
            // A list is begun before the API has answered.
            Event::Begin => return self.listing = Some(HashMap::new()),
            Event::Listed(key, part) => {
                let listing = self.listing.get_or_insert_default();
                listing.extend(part.map(|part| (key, part)));
            }
            Event::Complete => {
                let listed = self.listing.take().unwrap_or_default();
                if !self.is_complete || listed != self.parts {
                    self.changed.get_or_insert(now);
                }
                self.parts = listed;
                self.is_complete = true;
            }
            Event::Applied(key, part) => {
                let is_new = match part {
                    Some(part) if self.parts.get(&key) == Some(&part) => false,
                    Some(part) => {
                        self.parts.insert(key, part);
                        true
                    }
                    None => self.parts.remove(&key).is_some(),
                };
                if is_new {
                    self.changed.get_or_insert(now);
                }
            }
            Event::Deleted(key) => {
                if self.parts.remove(&key).is_some() {
                    self.changed.get_or_insert(now);
                }
            }
        }
        self.failing = None;
        self.pause = PAUSE;
    }

    /// Takes a failure in, and says how long to wait before asking again.
    pub(super) fn failure(&mut self, cause: Cause, now: Instant) -> Duration {
        let first = match self.failing {
            Some((first, last, _)) if now.duration_since(last) < self.pace.quiet => first,
            _ => now,
        };
        self.failing = Some((first, now, cause));
        let pause = self.pause;
        self.pause = (pause * 2).min(self.pace.longest_pause());
        pause
    }

    /// What is known says something else from then on, by the passing of time.
    pub(super) fn ages_at(&mut self, moment: Option<Instant>) {
        self.ages = moment;
    }

    /// When something is due, if nothing happens until then.
    pub(super) fn wakes(&self) -> Option<Instant> {
        let settled = self.changed.map(|since| since + TOGETHER);
        let judged = self.failing.map(|(first, last, cause)| match cause {
            Cause::Unreachable if self.last == Known::Yes => {
                (first + self.pace.trust).min(last + self.pace.quiet)
            }
            _ => last + self.pace.quiet,
        });
        [settled, judged, self.ages].into_iter().flatten().min()
    }

    /// What is due now, if anything is.
    pub(super) fn due(&mut self, now: Instant) -> Option<Due> {
        if let Some((_, last, _)) = self.failing
            && now.duration_since(last) >= self.pace.quiet
        {
            self.failing = None;
        }
        let known = match self.failing {
            Some((_, _, Cause::Forbidden)) => Known::Forbidden,
            Some((first, _, Cause::Unreachable))
                if !self.is_complete
                    || self.last != Known::Yes
                    || now.duration_since(first) >= self.pace.trust =>
            {
                Known::Unreachable
            }
            _ if self.is_complete => Known::Yes,
            _ => self.last,
        };
        let settled = self
            .changed
            .is_some_and(|since| now.duration_since(since) >= TOGETHER);
        let aged = self.ages.is_some_and(|moment| now >= moment);
        // The first word is not held back.
        let news = settled || aged || (self.changed.is_some() && self.last != Known::Yes);
        let publish = known == Known::Yes && (news || self.last != Known::Yes);
        let is_due = publish || known != self.last;
        if publish {
            self.changed = None;
        }
        if aged {
            self.ages = None;
        }
        self.last = known;
        is_due.then_some(Due { known, publish })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    fn listed(start: Instant, keys: &[&str]) -> Follow<u8> {
        let mut follow = Follow::new(Pace::default());
        list(&mut follow, keys, start);
        let due = follow.due(start);
        assert_eq!(
            due.map(|due| (due.known, due.publish)),
            Some((Known::Yes, true))
        );
        follow
    }

    fn list(follow: &mut Follow<u8>, keys: &[&str], now: Instant) {
        follow.event(Event::Begin, now);
        for key in keys {
            follow.event(Event::Listed(Box::from(*key), Some(1)), now);
        }
        follow.event(Event::Complete, now);
    }

    #[test]
    fn nothing_is_known_before_the_list_is_complete() {
        let start = Instant::now();
        let mut follow = Follow::new(Pace::default());
        follow.event(Event::Begin, start);
        follow.event(Event::Listed(Box::from("a"), Some(1_u8)), start);
        assert_eq!(follow.due(start), None);
    }

    #[test]
    fn changes_are_made_known_together_and_without_a_change_nothing_is() {
        let start = Instant::now();
        let mut follow = listed(start, &["a"]);
        follow.event(Event::Applied(Box::from("a"), Some(1)), start);
        follow.event(Event::Deleted(Box::from("b")), start);
        follow.event(Event::Applied(Box::from("c"), None), start);
        assert_eq!(
            (follow.wakes(), follow.due(after(start, 5.0))),
            (None, None)
        );
        follow.event(Event::Applied(Box::from("b"), Some(1)), start);
        follow.event(Event::Deleted(Box::from("a")), after(start, 0.05));
        assert_eq!(follow.due(after(start, 0.05)), None);
        assert_eq!(follow.wakes(), Some(after(start, 0.1)));
        let due = follow.due(after(start, 0.1)).map(|due| due.publish);
        assert_eq!((due, follow.parts().len()), (Some(true), 1));
    }

    #[test]
    fn a_new_list_replaces_what_was_known() {
        let start = Instant::now();
        let mut follow = listed(start, &["a", "b"]);
        list(&mut follow, &["b"], start);
        assert!(follow.due(after(start, 1.0)).is_some_and(|due| due.publish));
        assert!(!follow.parts().contains_key("a"));
        list(&mut follow, &["b"], start);
        assert_eq!(
            follow.due(after(start, 2.0)),
            None,
            "the same again is no news"
        );
    }

    #[test]
    fn a_cut_watch_is_trusted_for_a_minute_and_again_once_it_is_quiet() {
        let start = Instant::now();
        let mut follow = listed(start, &["a"]);
        for second in 0..60 {
            follow.failure(Cause::Unreachable, after(start, f64::from(second)));
            assert_eq!(
                follow.due(after(start, f64::from(second))),
                None,
                "second {second}"
            );
        }
        follow.failure(Cause::Unreachable, after(start, 60.0));
        let gone = Due {
            known: Known::Unreachable,
            publish: false,
        };
        assert_eq!(follow.due(after(start, 60.0)), Some(gone));
        assert_eq!(follow.wakes(), Some(after(start, 80.0)));
        let back = Due {
            known: Known::Yes,
            publish: true,
        };
        assert_eq!(follow.due(after(start, 80.0)), Some(back));
    }

    #[test]
    fn what_is_forbidden_is_not_known_from_the_first_no_to_the_next_list() {
        let start = Instant::now();
        let mut follow = listed(start, &["a"]);
        follow.failure(Cause::Forbidden, start);
        assert_eq!(
            follow.due(start).map(|due| due.known),
            Some(Known::Forbidden)
        );
        follow.event(Event::Begin, start);
        assert_eq!(
            follow.due(start),
            None,
            "a list that is asked for is not yet granted"
        );
        list(&mut follow, &["a"], start);
        let due = follow.due(start).map(|due| (due.known, due.publish));
        assert_eq!(due, Some((Known::Yes, true)));
    }

    #[test]
    fn pauses_grow_and_begin_anew() {
        let start = Instant::now();
        let mut follow = listed(start, &[]);
        let pauses: Vec<u128> = (0..8)
            .map(|_| follow.failure(Cause::Unreachable, start).as_millis())
            .collect();
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
        follow.event(Event::Deleted(Box::from("a")), start);
        assert_eq!(follow.failure(Cause::Unreachable, start).as_millis(), 250);
    }

    #[test]
    fn what_ages_is_read_again() {
        let start = Instant::now();
        let mut follow = listed(start, &["a"]);
        follow.ages_at(Some(after(start, 10.0)));
        assert_eq!(follow.due(after(start, 9.0)), None);
        assert_eq!(follow.wakes(), Some(after(start, 10.0)));
        assert!(
            follow
                .due(after(start, 10.0))
                .is_some_and(|due| due.publish)
        );
        assert_eq!(follow.wakes(), None);
    }
}

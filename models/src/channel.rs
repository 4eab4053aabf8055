//! In the place of `crossbeam::channel`: bounded queues under a lock, with ends that count.
//!
//! They know no time: a deadline that was given as a moment has always passed, one that was given as a span never does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::{Condvar, Mutex};

struct Line<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    max: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    senders: usize,
    receivers: usize,
}

pub struct Sender<T>(Arc<Line<T>>);

pub struct Receiver<T>(Arc<Line<T>>);

#[derive(Debug)]
pub struct SendError<T>(pub T);

#[derive(Debug)]
pub enum TrySendError<T> {
    Full(T),
    Disconnected(T),
}

#[derive(Debug, PartialEq, Eq)]
pub struct RecvError;

#[derive(Debug, PartialEq, Eq)]
pub enum TryRecvError {
    Empty,
    Disconnected,
}

#[derive(Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    Timeout,
    Disconnected,
}

pub fn bounded<T>(max: usize) -> (Sender<T>, Receiver<T>) {
    let state = Mutex::new(State { waiting: VecDeque::new(), senders: 1, receivers: 1 });
    let line = Arc::new(Line { state, changed: Condvar::new(), max });
    (Sender(Arc::clone(&line)), Receiver(line))
}

impl<T> Sender<T> {
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let mut state = self.0.state.lock().unwrap();
        while state.receivers > 0 && state.waiting.len() >= self.0.max {
            state = self.0.changed.wait(state).unwrap();
        }
        if state.receivers == 0 {
            return Err(SendError(value));
        }
        state.waiting.push_back(value);
        self.0.changed.notify_all();
        Ok(())
    }

    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut state = self.0.state.lock().unwrap();
        if state.receivers == 0 {
            return Err(TrySendError::Disconnected(value));
        }
        if state.waiting.len() >= self.0.max {
            return Err(TrySendError::Full(value));
        }
        state.waiting.push_back(value);
        self.0.changed.notify_all();
        Ok(())
    }
}

impl<T> Receiver<T> {
    pub fn recv(&self) -> Result<T, RecvError> {
        let mut state = self.0.state.lock().unwrap();
        while state.waiting.is_empty() && state.senders > 0 {
            state = self.0.changed.wait(state).unwrap();
        }
        let value = state.waiting.pop_front().ok_or(RecvError)?;
        self.0.changed.notify_all();
        Ok(value)
    }

    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.0.state.lock().unwrap();
        let gone = state.senders == 0;
        let empty = if gone { TryRecvError::Disconnected } else { TryRecvError::Empty };
        let value = state.waiting.pop_front().ok_or(empty)?;
        self.0.changed.notify_all();
        Ok(value)
    }

    pub fn recv_timeout(&self, _span: Duration) -> Result<T, RecvTimeoutError> {
        self.recv().map_err(|RecvError| RecvTimeoutError::Disconnected)
    }

    pub fn recv_deadline(&self, _moment: Instant) -> Result<T, RecvTimeoutError> {
        self.try_recv().map_err(|_| RecvTimeoutError::Timeout)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().unwrap().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().senders -= 1;
        self.0.changed.notify_all();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().receivers -= 1;
        self.0.changed.notify_all();
    }
}

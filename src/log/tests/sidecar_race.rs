//! Retention that removes a segment just while its sidecar gets its name: whichever comes first, none is left.

use std::io;
use std::sync::{Arc, Mutex};

use crate::event::EventId;
use crate::log::tests::searching::append;
use crate::log::tests::sim_disk::SimDisk;
use crate::log::tests::support::{Log, NOW_MS};
use crate::log::{Access, Disk, DiskFile, Lock, Retention};

/// What happens right before a sidecar gets its name, and right after.
type Hooks = [Option<Box<dyn FnMut() + Send>>; 2];

/// A simulated disk with somebody who does something else at a certain moment.
#[derive(Clone)]
struct Crossed {
    disk: SimDisk,
    hooks: Arc<Mutex<Hooks>>,
}

impl Crossed {
    fn cross(&self, which: usize) {
        let hook = self.hooks.lock().unwrap()[which].take();
        if let Some(mut hook) = hook {
            hook();
        }
    }
}

impl Disk for Crossed {
    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn Lock>> {
        self.disk.lock(name, holder)
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(name)
    }
    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(name, access)
    }
    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }
    fn make_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.make_dir(dir)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let is_sidecar = to.ends_with(".idx");
        if is_sidecar {
            self.cross(0);
        }
        self.disk.rename(from, to)?;
        if is_sidecar {
            self.cross(1);
        }
        Ok(())
    }
    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.link(from, to)
    }
    fn unlink(&self, name: &str) -> io::Result<()> {
        self.disk.unlink(name)
    }
    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }
    fn free_bytes(&self) -> io::Result<u64> {
        self.disk.free_bytes()
    }
    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.disk.fill_random(bytes)
    }
}

#[test]
fn a_segment_that_is_removed_meanwhile_leaves_no_sidecar() {
    for which in 0..2 {
        let disk = Crossed { disk: SimDisk::new(1), hooks: Arc::default() };
        let mut log = Log::open(Arc::new(disk.clone()));
        append(&mut log, &[[1, 2, 3]; 1_000]);
        let Log { mut retainer, mut indexer, reader, .. } = log;
        disk.hooks.lock().unwrap()[which] = Some(Box::new(move || {
            let nothing = Retention { bytes_max: Some(0), age_ms_max: None };
            assert_eq!(retainer.retain(nothing, NOW_MS).unwrap().segments, 1);
        }));
        while indexer.turn().unwrap().more {}
        assert!(reader.earliest() > EventId(1), "the segment is gone");
        let left: Vec<String> = disk.disk.names().into_iter().filter(|name| name.contains(".idx")).collect();
        assert_eq!(left, Vec::<String>::new(), "case {which}");
    }
}

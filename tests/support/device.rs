//! A disk of the test's own that can be made to fail: a file system on a loop device on a sparse file in memory. The
//! device can lose its end, so that what lies there is neither written nor read; it can turn out smaller than it
//! claimed, as an overbooked volume does; and the file system can drop dead. Needs root; whoever has none is told so
//! and skips.
//!
//! Everything is mounted in a namespace of the test's thread, so nothing stays behind.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::ioctl::{Opcode, Setter, opcode};
use rustix::thread::UnshareFlags;

use super::until;

const DEVICE_BYTES: u64 = 320 * 1024 * 1024;
/// Memory for the file: less than the device claims to have.
const MEMORY: &str = "size=160m";
/// `EXT4_IOC_SHUTDOWN`, which is `XFS_IOC_GOINGDOWN`, and the flag that nothing be flushed.
const SHUTDOWN: Opcode = opcode::read::<u32>(b'X', 125);
const NO_LOG_FLUSH: u32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    Ext4,
    /// Without a journal.
    Ext4Bare,
    Xfs,
}

pub struct Device {
    file_system: FileSystem,
    directory: tempfile::TempDir,
    device: PathBuf,
    held: Option<File>,
    /// What lay at the lost end, but for zeros.
    lost: Vec<(u64, Vec<u8>)>,
}

impl Device {
    /// Makes a device and mounts it. `None`, after a loud line: it is not possible here.
    pub fn make(file_system: FileSystem) -> Option<Self> {
        match Self::try_make(file_system) {
            Ok(device) => Some(device),
            Err(why) => {
                super::skipped(&format!("a failing {file_system:?}: {why}"));
                None
            }
        }
    }

    fn try_make(file_system: FileSystem) -> Result<Self, String> {
        leave_mount_namespace()?;
        let directory = super::data_directory();
        let (memory, image) = (directory.path().join("memory"), directory.path().join("memory/image"));
        fs::create_dir(&memory).unwrap();
        fs::create_dir(directory.path().join("disk")).unwrap();
        run("mount", &["-t", "tmpfs", "-o", MEMORY, "tailwire-test", text(&memory)])?;
        File::create(&image).and_then(|file| file.set_len(DEVICE_BYTES)).unwrap();
        match file_system {
            FileSystem::Ext4 => run("mkfs.ext4", &["-q", "-F", "-b", "4096", text(&image)])?,
            FileSystem::Ext4Bare => {
                run("mkfs.ext4", &["-q", "-F", "-b", "4096", "-O", "^has_journal", text(&image)])?
            }
            FileSystem::Xfs => run("mkfs.xfs", &["-q", "-f", text(&image)])?,
        };
        let device = PathBuf::from(run("losetup", &["--find", "--show", text(&image)])?.trim());
        let held = Some(File::open(&device).map_err(|error| error.to_string())?);
        // While it is used, this only marks it to go with its last user.
        run("losetup", &["--detach", text(&device)])?;
        let made = Self { file_system, directory, device, held, lost: Vec::new() };
        made.mount()?;
        Ok(made)
    }

    /// Where the file system is mounted.
    pub fn place(&self) -> PathBuf {
        self.directory.path().join("disk")
    }

    /// The device ends before the first block of this file: there, nothing can be written or read.
    pub fn lose_from(&mut self, path: &Path) {
        run("sync", &["-f", text(&self.place())]).unwrap();
        let extents = run("filefrag", &["-b1024", "-v", text(path)]).unwrap();
        let first = extents.lines().find_map(|line| line.trim_start().strip_prefix("0:"));
        let first =
            first.and_then(|line| line.split(':').nth(1)?.split("..").next()?.trim().parse::<u64>().ok());
        let start = first.unwrap_or_else(|| panic!("no extent in {extents}")) * 1024;
        let image = File::options().read(true).write(true).open(self.image()).unwrap();
        let mut block = vec![0; 64 * 1024];
        for offset in (start..DEVICE_BYTES).step_by(block.len()) {
            let read = image.read_at(&mut block, offset).unwrap();
            if block[..read].iter().any(|byte| *byte != 0) {
                self.lost.push((offset, block[..read].to_vec()));
            }
        }
        image.set_len(start).unwrap();
        run("losetup", &["--set-capacity", text(&self.device)]).unwrap();
    }

    /// The lost end is there again, as it was when it went.
    pub fn find_again(&mut self) {
        let image = File::options().write(true).open(self.image()).unwrap();
        for (offset, bytes) in self.lost.drain(..) {
            image.write_all_at(&bytes, offset).unwrap();
        }
        image.set_len(DEVICE_BYTES).unwrap();
        run("losetup", &["--set-capacity", text(&self.device)]).unwrap();
    }

    /// Takes all memory that holds no data: what the file system writes from now on finds no room beneath it. Some
    /// kernels then report a write that was cut short as done, so this is a disk that may lie.
    pub fn run_out(&self) {
        let image = self.image();
        // Zeros that were written take memory until they are given back; they read the same.
        run("sync", &["-f", text(&self.place())]).unwrap();
        run("fallocate", &["--dig-holes", text(&image)]).unwrap();
        let mut ballast = File::create(self.ballast()).unwrap();
        let block = vec![1; 64 * 1024];
        while ballast.write_all(&block).is_ok() {}
        // The last pages.
        while ballast.write(&block[..4096]).is_ok() {}
    }

    /// Gives the memory back.
    pub fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    /// Nothing is written any more, and what is not in memory is not read.
    pub fn drop_dead(&self) {
        let place = File::open(self.place()).unwrap();
        shut_down(&place).unwrap();
    }

    pub fn remount(&self) {
        until("nobody uses the file system any more", || run("umount", &[text(&self.place())]).ok());
        self.mount().unwrap();
    }

    /// Changes how it is mounted.
    pub fn remount_with(&self, option: &str) {
        run("mount", &["-o", &format!("remount,{option}"), text(&self.place())]).unwrap();
    }

    fn mount(&self) -> Result<(), String> {
        let name = if self.file_system == FileSystem::Xfs { "xfs" } else { "ext4" };
        run("mount", &["-t", name, text(&self.device), text(&self.place())]).map(drop)
    }

    fn image(&self) -> PathBuf {
        self.directory.path().join("memory/image")
    }

    fn ballast(&self) -> PathBuf {
        self.directory.path().join("memory/ballast")
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // The last user of the device first, so that the memory beneath it can go, and the directory with it.
        let _with_the_thread = run("umount", &["--lazy", text(&self.place())]);
        self.held = None;
        let _with_the_thread = run("umount", &["--lazy", text(&self.directory.path().join("memory"))]);
    }
}

/// A file system in memory, mounted in a namespace of this thread. `None`, after a loud line: not possible here.
pub fn mount_memory(place: &Path) -> Option<()> {
    let mounted = leave_mount_namespace()
        .and_then(|()| run("mount", &["-t", "tmpfs", "-o", "size=128m", "tailwire-test", text(place)]));
    mounted.map_err(|why| super::skipped(&format!("a log in memory: {why}"))).ok().map(drop)
}

/// Runs a program to its end.
pub fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let output = Command::new(program).args(arguments).env("PATH", path).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ");
    Err(format!("{program} {}: {message}", arguments.join(" ")))
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[expect(unsafe_code, reason = "unshare has no safe form")]
fn leave_mount_namespace() -> Result<(), String> {
    // SAFETY: only sharing descriptors no longer (`FILES`) could hurt, and that is not asked for.
    let left = unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) };
    left.map_err(|error| format!("a mount namespace needs root: {error}"))?;
    run("mount", &["--make-rprivate", "/"]).map(drop)
}

#[expect(unsafe_code, reason = "ioctl has no safe form")]
fn shut_down(place: &File) -> rustix::io::Result<()> {
    // SAFETY: the opcode takes a pointer to a `u32` and reads it, which is what `Setter` of a `u32` passes.
    let shutdown = unsafe { Setter::<SHUTDOWN, u32>::new(NO_LOG_FLUSH) };
    // SAFETY: the request is the one described above; any file or directory of the file system will do.
    unsafe { rustix::ioctl::ioctl(place, shutdown) }
}

//! [`Gpu`]: memory, transfers and the count of launches on one device.

use std::cell::Cell;
use std::time::Instant;

use bytemuck::Pod;
use cubecl::prelude::*;
use cubecl::server::Handle;
use noctule_core::EngineError;

use crate::plan::ALIGN;
use crate::profile;

/// A list of 4-byte numbers on a device, or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    handle: Handle,
    length: usize,
}

impl Buffer {
    /// Numbers in the list.
    pub fn len(&self) -> usize {
        self.length
    }

    /// `length` numbers from `start` on; `start` is a multiple of [`ALIGN`].
    ///
    /// # Panics
    /// If the part does not lie in the list, or does not start where a part may.
    pub fn part(&self, start: usize, length: usize) -> Self {
        assert!(start + length <= self.length, "a part lies in its list");
        assert!(start.is_multiple_of(ALIGN), "parts are aligned");
        let behind = self.length - start - length;
        let handle = self.handle.clone().offset_start(4 * start as u64);
        Self {
            handle: handle.offset_end(4 * behind as u64),
            length,
        }
    }

    /// The list as an argument of a kernel.
    #[expect(unsafe_code, reason = "CubeCL takes the length of an array on trust")]
    pub fn array<R: Runtime>(&self) -> ArrayArg<R> {
        // SAFETY: the handle holds at least `length` numbers of 4 bytes. CubeCL takes the length of a list of vectors in
        // numbers, too.
        unsafe { ArrayArg::from_raw_parts(self.handle.clone(), self.length) }
    }
}

/// One device, through its CubeCL client.
pub(crate) struct Gpu<R: Runtime> {
    client: ComputeClient<R>,
    launches: Cell<u64>,
    reads: Cell<u64>,
    allocated: Cell<u64>,
    largest: Cell<u64>,
    /// A list for arguments that a kernel does not use.
    pub nothing: Buffer,
}

impl<R: Runtime> Gpu<R> {
    pub fn new(client: ComputeClient<R>) -> Self {
        let nothing = Buffer {
            handle: client.empty(4 * ALIGN),
            length: ALIGN,
        };
        Self {
            client,
            launches: Cell::new(0),
            reads: Cell::new(0),
            allocated: Cell::new(0),
            largest: Cell::new(0),
            nothing,
        }
    }

    /// Launches a kernel: counts it, and measures its time if that was asked for.
    pub fn launch(&self, kernel: &'static str, launch: impl FnOnce(&ComputeClient<R>)) {
        self.launches.set(self.launches.get() + 1);
        if !profile::is_on() {
            return launch(&self.client);
        }
        // What fails here fails again at the next read, which returns the error.
        let _ = self.wait();
        let start = Instant::now();
        launch(&self.client);
        let _ = self.wait();
        profile::add(kernel, start.elapsed());
    }

    /// Launches so far.
    #[cfg(test)]
    pub fn launches(&self) -> u64 {
        self.launches.get()
    }

    /// Reads so far.
    #[cfg(test)]
    pub fn reads(&self) -> u64 {
        self.reads.get()
    }

    /// The bytes of all lists that were allocated so far, and the largest of them.
    #[cfg(test)]
    pub fn allocated(&self) -> (u64, u64) {
        (self.allocated.get(), self.largest.get())
    }

    /// The bytes of the largest list that the device can hold.
    pub fn largest_list(&self) -> u64 {
        self.client.properties().memory.max_page_size
    }

    /// The most cubes of a launch in its first dimension.
    pub fn most_cubes(&self) -> u32 {
        self.client.properties().hardware.max_cube_count.0
    }

    /// The bytes of a list of `length` numbers.
    ///
    /// # Errors
    /// If that is more than the device's largest allocation.
    pub fn check_length(&self, length: usize) -> Result<u64, EngineError> {
        let (asked_bytes, largest) = (4 * length as u64, self.largest_list());
        if asked_bytes <= largest {
            return Ok(asked_bytes);
        }
        Err(EngineError::OutOfMemory {
            asked_bytes,
            advice: format!("its largest list has {largest} bytes; use a smaller batch"),
        })
    }

    /// A list of `length` numbers of any value; at least one alignment long, since back ends refuse empty lists.
    ///
    /// # Errors
    /// If the list is larger than the device's largest allocation.
    pub fn empty(&self, length: usize) -> Result<Buffer, EngineError> {
        let length = length.max(ALIGN);
        let asked_bytes = self.check_length(length)?;
        self.allocated.set(self.allocated.get() + asked_bytes);
        self.largest.set(self.largest.get().max(asked_bytes));
        Ok(Buffer {
            handle: self.client.empty(4 * length),
            length,
        })
    }

    /// Copies numbers of 4 bytes to the device; at least one alignment is allocated.
    pub fn upload<T: Pod>(&self, values: &[T]) -> Buffer {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        if bytes.len() >= 4 * ALIGN {
            return Buffer {
                handle: self.client.create_from_slice(bytes),
                length: bytes.len() / 4,
            };
        }
        let mut padded = bytes.to_vec();
        padded.resize(4 * ALIGN, 0);
        Buffer {
            handle: self.client.create_from_slice(&padded),
            length: ALIGN,
        }
    }

    /// Waits for the device and copies a list from it.
    ///
    /// # Errors
    /// If the device fails.
    pub fn read<T: Pod>(&self, buffer: &Buffer) -> Result<Vec<T>, EngineError> {
        self.reads.set(self.reads.get() + 1);
        let bytes = self
            .client
            .read_one(buffer.handle.clone())
            .map_err(|error| failed(&error))?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// Hands all launches so far to the device.
    ///
    /// # Errors
    /// If an earlier launch failed.
    pub fn flush(&self) -> Result<(), EngineError> {
        self.client.flush().map_err(|error| failed(&error))
    }

    /// Waits until all work is done.
    ///
    /// # Errors
    /// If some of it failed.
    pub fn wait(&self) -> Result<(), EngineError> {
        cubecl::future::block_on(self.client.sync()).map_err(|error| failed(&error))
    }
}

fn failed(error: &dyn std::fmt::Debug) -> EngineError {
    EngineError::Device(format!("the device failed: {error:?}"))
}

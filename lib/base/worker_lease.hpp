// Who needs the worker threads, so that they end when nobody does and a host can unload the
// library.
//
// A thread that sleeps in code which a dlclose has unmapped kills the process when it wakes. So the
// threads live no longer than the last object that may compute, and while they live their code
// stays.
#pragma once

namespace tlite {

// One of any number. While there is one, threads that were started stay, parked between two
// computations, and the library that holds their code stays mapped, even where the host leaks the
// object and unloads us. The last one to go joins the threads, which takes some hundred
// microseconds. Where the host program has oneTBB at work as well, the threads are the host's too:
// they stay, and so does their code. Any thread may make and destroy leases.
class WorkerLease {
 public:
  WorkerLease();  // std::bad_alloc
  ~WorkerLease();
  WorkerLease(const WorkerLease&) = delete;
  WorkerLease& operator=(const WorkerLease&) = delete;
};

// For as long as the calling thread computes with the workers; needs a WorkerLease around it.
// oneTBB remembers every thread that it has served until that thread ends, and keeps its workers
// for it: a host's thread that lives on would keep them for good. So oneTBB is made to forget the
// thread where it did not know it before, at the end of the visit, which takes a microsecond. It
// takes fifty on the first thread of a Linux process: there, where the next lease of that thread
// ends.
class WorkerVisit {
 public:
  WorkerVisit() noexcept;
  ~WorkerVisit();
  WorkerVisit(const WorkerVisit&) = delete;
  WorkerVisit& operator=(const WorkerVisit&) = delete;

 private:
  bool known_;
};

}  // namespace tlite

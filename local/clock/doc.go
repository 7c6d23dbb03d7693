// Package clock shifts the wall clock that chosen processes see, and nothing
// else of the machine: Linux has time namespaces for the monotonic clocks, but
// none for CLOCK_REALTIME.
//
// Programs ask for the time in the vDSO, a small library that the kernel maps
// into every process. The mapping is private, so a tracer may rewrite it in one
// process alone: the functions' first five bytes become a jump to code that
// makes the real system call and adds an offset (testdata/block.S, block.go). That code
// stands behind the library's contents, where nothing runs, so that threads in
// the middle of the old functions, or interrupted there by a signal, go on
// unharmed. All threads stand still meanwhile, and none may stand inside the
// five bytes.
//
// What stood there before is kept in the process itself. So whoever comes later
// can read how far a process is shifted, shift it again or restore it; a tracer
// that is killed loses nothing, and the kernel continues what it had stopped.
//
// What it changes: Go programs and the C library's (JVMs, shells) clock_gettime
// of CLOCK_REALTIME, its coarse, alarm and TAI kin, gettimeofday and time. What
// it cannot: programs that make the system call without the vDSO, and what the
// kernel itself does with the time, which are stamps on files and waits until a
// point of the wall clock (Java's LockSupport.parkUntil): these end off by the
// offset. Other clocks stay right, but cost a system call until the process is
// restored.
//
// A child that was forked without exec is shifted as its parent; an exec brings
// a new vDSO, with the right time. The Keeper (keeper.go) finds those and shifts
// them too, some 20 ms late. Between a fork and an exec that share memory, as
// starting a program does, the child is left alone: what was rewritten there
// would be the parent's.
//
// The kernel reports the stops of a traced process to every wait of its parent
// if parent and tracer are one process: a Cmd.Wait would take a stopped child
// for an ended one. So a process never shifts its own children: Shift refuses
// that, and the Keeper works through a process of its own, which runs Serve.
//
// It works on Linux on x86-64 only; elsewhere everything answers ErrUnsupported.
//
// Start reading at shift.go, then image.go; tracer.go stops threads.
package clock

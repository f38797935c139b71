package sandbox

import (
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// sendMany is sendmmsg(2): each message is judged and sent by itself, as if it were a call of its own. What is not sent
// ends it; that is an error only if it is the first.
func (b *box) sendMany(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	socket := &b.acc.Socket
	entries, count := socket.Args[1], min(uint32(socket.Args[2]), access.MessagesMax)
	for i := range int(count) {
		if i > 0 {
			errno := access.DescribeMessage(inv, i, t, b.res, &b.acc)
			if b.ownRights() != 0 || errno != 0 {
				return tracer.Action{Kind: tracer.Return, Value: int64(i)}
			}
		}
		action, again := b.socketCall(t, inv)
		switch {
		case i == 0 && (action.Kind != tracer.Return || action.Value < 0 || again):
			if again {
				return tracer.Deny(unix.EAGAIN)
			}
			return b.firstOfMany(action, inv, t)
		case action.Kind >= tracer.KillProcess && action.Kind <= tracer.KillTree:
			return action
		case action.Kind != tracer.Return || action.Value < 0 || again:
			sent := i
			if n := abandon(action.Do); n > 0 && b.wroteLength(t, inv, entries, i, n) == 0 {
				sent++
			}
			return tracer.Action{Kind: tracer.Return, Value: int64(sent)}
		}
		if errno := b.wroteLength(t, inv, entries, i, action.Value); errno != 0 {
			if i == 0 {
				return tracer.Deny(errno)
			}
			return tracer.Action{Kind: tracer.Return, Value: int64(i)}
		}
	}
	return tracer.Action{Kind: tracer.Return, Value: int64(count)}
}

// judgeMany judges all messages of a sendmmsg(2) that is left to the kernel. One that is denied denies the call.
func (b *box) judgeMany(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	count := min(uint32(b.acc.Socket.Args[2]), access.MessagesMax)
	for i := range int(count) {
		if i > 0 {
			errno := access.DescribeMessage(inv, i, t, b.res, &b.acc)
			if b.ownRights() != 0 || errno != 0 {
				return tracer.Deny(unix.EFAULT)
			}
		}
		if action, _ := b.socketCall(t, inv); action.Kind != tracer.Continue {
			return action
		}
	}
	return tracer.Action{}
}

// firstOfMany is how the call goes on whose first message was not sent at once.
func (b *box) firstOfMany(action tracer.Action, inv *syscalls.Invocation, t *tracer.Task) tracer.Action {
	if action.Kind != tracer.Wait {
		return action
	}
	// It waits until there is room, and has then sent one. The file stays the task's memory, whoever has its number then.
	memory, err := unix.Open("/proc/"+strconv.Itoa(t.TID)+"/mem", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		if n := abandon(action.Do); n > 0 && b.wroteLength(t, inv, b.acc.Socket.Args[1], 0, n) == 0 {
			return tracer.Action{Kind: tracer.Return, Value: 1}
		}
		return tracer.Deny(unix.EAGAIN)
	}
	do, at, order := action.Do, b.acc.Socket.Args[1]+access.SentOffset(inv.ABI, 0), byteOrder(inv)
	action.Do = func(cancel <-chan struct{}) int64 {
		defer unix.Close(memory)
		n := do(cancel)
		if n < 0 {
			return n
		}
		var length [4]byte
		order.PutUint32(length[:], uint32(n))
		if _, err := unix.Pwrite(memory, length[:], int64(at)); err != nil {
			return -int64(unix.EFAULT)
		}
		return 1
	}
	return action
}

// abandon is for who does not wait: it returns what has happened already, if that is more than 0.
func abandon(do func(cancel <-chan struct{}) int64) int64 {
	if do == nil {
		return 0
	}
	never := make(chan struct{})
	close(never)
	return do(never)
}

// wroteLength tells the task how much of a message was sent.
func (b *box) wroteLength(t *tracer.Task, inv *syscalls.Invocation, entries uint64, i int, n int64) syscall.Errno {
	var length [4]byte
	byteOrder(inv).PutUint32(length[:], uint32(n))
	return t.Write(entries+access.SentOffset(inv.ABI, i), length[:])
}

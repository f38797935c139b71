package record

import "fmt"

// verification compares what is predicted with what the kernel answers: every call takes an exit stop. For tests.
type verification struct {
	calls       int
	predicted   int
	differences []string
}

// verify compares one result.
func (r *recorder) verify(w *pending, result int64) {
	v := r.cmd.verification
	v.calls++
	if !w.sure || w.used.Errno == "EFAULT" { // see predict
		return
	}
	v.predicted++
	if expected := errnoName(-int64(w.expected)); expected != w.used.Errno {
		v.differences = append(v.differences, fmt.Sprintf("%s %q (#%d, at %d): expected %q, the kernel says %q (%d)",
			w.used.Call, w.used.Path, w.used.ID, w.used.At, expected, w.used.Errno, result))
	}
}

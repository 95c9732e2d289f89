# gdb -x tern.gdb -p PID, then tern-coroutines: where each request of a stopped worker waits (x86-64, a live process).
# The saved registers of a waiting coroutine are on its stack (switch_x86_64.S): they are lent to gdb for a backtrace.
define tern-coroutines
  frame 0
  set $link = http_self.connections.next
  while $link != &http_self.connections
    set $k = (http_connection *)((char *)$link - (unsigned long)&((http_connection *)0)->link)
    if $k->worker != 0 && $k->worker->is_suspended
      printf "\nconnection %d\n", $k->source.fd
      set $saved = (unsigned long *)$k->worker->stack_pointer
      set $old_sp = $rsp
      set $old_bp = $rbp
      set $old_bx = $rbx
      set $old_pc = $rip
      set $rbx = $saved[4]
      set $rbp = $saved[5]
      set $rip = $saved[6]
      set $rsp = (unsigned long)($saved + 7)
      backtrace
      set $rsp = $old_sp
      set $rbp = $old_bp
      set $rbx = $old_bx
      set $rip = $old_pc
    end
    set $link = $link->next
  end
end
